"""The SQL engine: the only place, with `matching`, that names one."""
