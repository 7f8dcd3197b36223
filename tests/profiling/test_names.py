"""What column names say."""

from __future__ import annotations

import pytest

from linkage.profiling.columns import ROW_MEANINGS
from linkage.profiling.names import is_key_name, read_name, vocabulary, words_of
from linkage.standardise import MAPPED


@pytest.mark.parametrize(
    ("name", "meaning", "owner"),
    [
        ("firstName", "given_name", ""),
        ("LAST_NAME", "surname", ""),
        ("Surname", "surname", ""),
        ("SUBJ_LAST", "surname", "subject"),
        ("OWNER_DOB", "birth_date", "owner"),
        ("Date of Birth", "birth_date", ""),
        ("dateofbirth", "birth_date", ""),
        ("employer_zipcode", "postcode", "employer"),
        ("mailing_address_zipcode", "postcode", ""),
        ("ACCT_NO", "account_number", ""),
        ("Account Holder Name", "holder", ""),
        ("AcctHolderPhone", "phone", "holder"),
        ("PHONE_2", "phone", ""),
        ("DL_STATE", "driver_licence_issuer", ""),
        ("first_and_surname", "name", ""),
        ("vendor.name", "name", "vendor"),
    ],
)
def test_names_are_read(name, meaning, owner):
    """A column name tells its meaning and whose it is, whatever its case and signs."""
    read = read_name(name)
    assert read is not None
    assert (read.meaning, read.owner) == (meaning, owner)


@pytest.mark.parametrize("name", ["", "colour", "PHONE_TYPE", "email_verified", "\n", "'; DROP TABLE x; --", "🙂"])
def test_what_is_not_known_is_not_read(name):
    """Unknown names, and those about a value rather than of it, are not read."""
    assert read_name(name) is None


def test_words_are_bounded():
    """A name of any length is cut into a bounded number of words."""
    assert len(words_of("name " * 5_000)) == 12


def test_keys_are_named_so():
    """Names that end in a word for a key are told from others."""
    assert [is_key_name(name) for name in ("RECORD_ID", "roi_no", "key", "city")] == [True, True, True, False]


def test_every_meaning_leads_somewhere():
    """Each meaning of the vocabulary is a field of a type, or is turned into one."""
    fields = {column.name for columns in MAPPED.values() for column in columns}
    turned = {"account_number", "tin", "address_line", "address_line_2"}
    issuers = {"passport_issuer", "driver_licence_issuer", "national_id_issuer", "tax_id_issuer"}
    assert set(vocabulary()["meanings"]) - fields - turned - issuers - ROW_MEANINGS == set()
