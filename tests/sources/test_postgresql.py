"""Reading from a real PostgreSQL."""

from __future__ import annotations


def test_a_real_server_answers(postgres):
    """The fixture's server runs statements and keeps what they did."""
    postgres.run("CREATE TABLE public.probe (a INTEGER); INSERT INTO public.probe VALUES (1), (2)")
    assert postgres.rows("SELECT sum(a) FROM public.probe") == [(3,)]
