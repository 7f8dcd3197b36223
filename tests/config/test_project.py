"""Project files: validated, frozen, and refused with the file, the key and the mend."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from linkage.config.project import default_configs, load_project
from linkage.errors import ConfigError

GOOD = """
version = 1
name = "t"
workspace = "work"
[sources.a]
agency = "A"
files = "a.csv"
delivery = "snapshot"
key = "id"
[sources.a.roles.subject]
entity = "person"
[sources.a.roles.subject.fields]
surname = "last"
phone = ["home", "cell"]
other_name = { column = "aliases", split = ";" }
birth_date = { column = "dob", order = "mdy" }
"""


def load(tmp_path, text):
    path = tmp_path / "project.toml"
    path.write_text(text, encoding="utf-8")
    return load_project(path)


def test_a_good_project_loads_with_defaults(tmp_path):
    """A minimal project loads; the centre is its audience and sees everything."""
    project = load(tmp_path, GOOD)
    assert project.settings.visible("centre") == ("a",)
    assert project.entity_types() == ("person",)
    assert project.settings.sources["a"].roles["subject"].fields["phone"].columns == ("home", "cell")
    assert project.workspace == tmp_path / "work"


def test_a_project_may_set_cut_offs_of_its_own(tmp_path):
    """Cut-offs of a project take the place of its entity type's; what it does not name, and other types, stay."""
    shipped = load(tmp_path, GOOD).entities
    project = load(tmp_path, GOOD.replace('workspace = "work"', 'workspace = "work"\n[thresholds.person]\nmatch = 2.5'))
    own = project.entities["person"].thresholds
    assert own.match == 2.5
    assert own.review == shipped["person"].thresholds.review
    assert project.entities["business"] == shipped["business"]


def test_settings_are_frozen(tmp_path):
    """Nobody can change settings after they are read."""
    project = load(tmp_path, GOOD)
    with pytest.raises(ValidationError):
        project.settings.name = "other"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'agency = "A"',
            'agencie = "A"',
            r"unknown key 'sources\.a\.agencie'; did you mean 'agency'\? allowed here: agency, case, csv",
        ),
        ("version = 1", "version = 2", "version"),
        ('key = "id"', "", "sources.a.key"),
        ('delivery = "snapshot"', 'delivery = "weekly"', "delivery"),
        ('entity = "person"', 'entity = "vessel"', "entity"),
        ('surname = "last"', 'sirname = "last"', "person has no field 'sirname'; its fields are: address"),
        ("[sources.a]", "[sources.A-b]", "sources.A-b"),
        ('workspace = "work"', 'workspace = "work"\n[engine]\nmemory_limit = "lots"', "engine.memory_limit"),
        ('workspace = "work"', 'workspace = "work"\n[audiences.dea]\nhidden = ["b"]', "audience"),
        ('workspace = "work"', 'workspace = "work"\n[audiences.centre]\nhidden = ["a"]', "sees every dataset"),
        ('order = "mdy"', 'order = "mdx"', "order"),
        ("version = 1", "version = = 1", "not valid TOML"),
        ('workspace = "work"', 'workspace = "work"\n[thresholds.person]\nmatch = 90', "thresholds.person.match"),
        ('workspace = "work"', 'workspace = "work"\n[thresholds.vessel]\nmatch = 1', "thresholds.vessel"),
        (
            'workspace = "work"',
            'workspace = "work"\n[thresholds.person]\nmatch = 1\nreview = 2',
            r"thresholds\.person: review = 2 lies above match = 1, .*; lower review, or raise match",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, says):
    """Each mistake is refused in one line that names the file, the key and what is allowed."""
    with pytest.raises(ConfigError, match=says) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert "project.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_project_is_refused(tmp_path):
    """A path without a project file is refused by name."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load_project(tmp_path / "nowhere.toml")


def test_relations_name_roles_of_their_source(tmp_path):
    """A relation to a role that the source does not have is refused with the roles it has."""
    more = '[[sources.a.relations]]\nkind = "holder"\nfrom = "subject"\nto = "account"\n'
    with pytest.raises(ConfigError, match=r"names role 'account'; this source has: subject"):
        load(tmp_path, GOOD + more)


def test_a_condition_is_one_structured_test(tmp_path):
    """`when` takes exactly one of its tests, so that nothing like SQL can be meant."""
    text = GOOD.replace('entity = "person"', 'entity = "person"\nwhen = { column = "t", equals = "P", present = true }')
    with pytest.raises(ConfigError, match="exactly one of"):
        load(tmp_path, text)


def test_default_entity_settings_are_valid():
    """The shipped settings of every entity type load, with priors for exactly their levels."""
    from linkage.config.entity import load_entities

    entities = load_entities(default_configs() / "entities")
    assert set(entities) == {"person", "business", "account"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "surname"', 'kind = "sirname"', "there is no kind 'sirname'"),
        ('on = ["ssn"]', 'on = ["ssn.whole"]', "cannot read 'ssn.whole'"),
        ('on = ["ssn"]', 'on = ["social"]', "there is no column 'social'"),
        (
            'on = ["ssn"]',
            'on = ["ssn.each"]',
            "'ssn.each' does not fit column 'ssn', which is VARCHAR; '.each' is for lists",
        ),
        ('on = ["ssn"]', 'on = ["phones"]', r"write phones\.each"),
        ('on = ["ssn"]', 'on = ["ssn.year"]', "needs a column of type DATE"),
        (
            "[[conflicts]]",
            (
                '[[comparisons]]\nname = "one_more"\nkind = "category"\ndescribe = "One comparison too many"\n'
                "[comparisons.priors]\nexact = { m = 0.9, u = 0.5 }\ndifferent = { m = 0.1, u = 0.5 }\n[[conflicts]]"
            ),
            "at most 15",
        ),
        ("part = { m = 0.02, u = 0.0004 }\n", "", "priors must name exactly the levels"),
        ('level = "different"', 'level = "other"', "its levels are"),
        ('describe = "Surname:', 'describe = ""\nwords = "', "unknown key"),
    ],
)
def test_mistakes_in_entity_settings_are_named(tmp_path, old, new, says):
    """Entity settings are checked against the comparisons, levels and columns that exist."""
    folder = tmp_path / "entities"
    folder.mkdir()
    for kind in ("person", "business", "account"):
        text = (default_configs() / "entities" / f"{kind}.toml").read_text(encoding="utf-8")
        (folder / f"{kind}.toml").write_text(text.replace(old, new, 1) if kind == "person" else text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, GOOD.replace('workspace = "work"', 'workspace = "work"\nentities = "entities"'))


def test_signs_that_are_spaces_are_kept(make_project, accounts):
    """A delimiter, `join` or `split` that is or ends in white space is taken as it was written."""
    text = accounts.source("a").replace(
        'holder = ["holder"]', 'holder = { columns = ["x", "y"], join = ", ", split = " " }'
    )
    text = text.replace('key = "id"', 'key = "id"\ncsv = { delimiter = "\\t" }')
    source = make_project(text, {}).loaded.settings.sources["a"]
    holder = source.roles["account"].fields["holder"]
    assert (source.csv.delimiter, holder.join, holder.split) == ("\t", ", ", " ")


PUBLISH = """
[audiences.centre.publish_to]
folder = "{}"
[audiences.dea.publish_to]
folder = "{}"
mode = "{}"
group = "staff"
"""


def test_an_audience_may_have_a_folder_of_its_own(tmp_path):
    """Any audience, the centre too, may name a folder for its releases, with the mode and group of the files."""
    project = load(tmp_path, GOOD + PUBLISH.format("out/centre", "../dea", "0640"))
    assert project.publish_folders() == {"centre": tmp_path / "out" / "centre", "dea": tmp_path.parent / "dea"}
    assert project.settings.audiences["dea"].publish_to.group == "staff"


@pytest.mark.parametrize(
    ("one", "two", "mode", "says"),
    [
        ("work/out", "dea", "0640", r"audiences\.centre\.publish_to\.folder: .* and the workspace lie in each other"),
        (".", "dea", "0640", "and the workspace lie in each other"),
        ("out", "out", "0640", "and the folder of centre lie in each other"),
        ("out", "out/dea", "0640", "and the folder of centre lie in each other"),
        ("out", "dea", "0666", "mode"),
        ("out", "dea", "rw", "mode"),
        ("out", "", "0640", "folder"),
    ],
)
def test_folders_that_would_mix_are_refused(tmp_path, one, two, mode, says):
    """A folder in or around the workspace or another audience's, and a mode that lets others write, are refused."""
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, GOOD + PUBLISH.format(one, two, mode))
