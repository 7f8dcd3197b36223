"""The columns that go into the standardisers (`MAPPED`) and come out of them (`CANONICAL`), by entity type."""

from __future__ import annotations

from linkage.tables import Column


def _columns(text: str) -> tuple[Column, ...]:
    rows = [line.strip().split(" ", 2) for line in text.strip().splitlines()]
    return tuple(Column(name, kind, meaning) for name, kind, meaning in rows)


_RECORD = """
dataset VARCHAR Dataset the record was delivered in
key VARCHAR Key of the row within its dataset
role VARCHAR Role of the entity within the row
agency VARCHAR Agency that submitted the dataset
"""
_MAPPED = f"""
{_RECORD.strip()}
seen_on VARCHAR Date of the record, as written
date_order VARCHAR Order of day, month and year in the dates of the entity: auto, ymd, mdy or dmy
seen_order VARCHAR The same for seen_on
country_default VARCHAR Two-letter code of the country whose habits hold where none is told
"""
_MAPPED_ADDRESS = """
address VARCHAR Address in one line
house_number VARCHAR House number
street VARCHAR Street, with or without the house number
unit VARCHAR Flat, suite or floor
po_box VARCHAR Post office box
city VARCHAR City
region VARCHAR State or region
postcode VARCHAR Postcode
country VARCHAR Country
"""
_ADDRESS = """
address VARCHAR Address in one line, as written
house_number VARCHAR House number; the number of a post office box
street VARCHAR Street, folded, its words in short form; "po box" for a post office box
unit VARCHAR Flat, suite or floor, without the word for it
city VARCHAR City, folded
region VARCHAR State or region, folded; code of a state of the United States
postcode VARCHAR Postcode, folded without spaces; five digits of a ZIP code
country VARCHAR Country, its two-letter code where it is known, else folded
"""

MAPPED: dict[str, tuple[Column, ...]] = {
    "person": _columns(
        f"""
{_MAPPED.strip()}
name VARCHAR[] Full names, the first is the primary one
given_name VARCHAR Given name or names
middle_name VARCHAR Middle names or initials
surname VARCHAR Surname
suffix VARCHAR Generation suffix
other_name VARCHAR[] Aliases and names in other scripts, in full
birth_date VARCHAR Birth date, whole or in part
sex VARCHAR Sex
ssn VARCHAR Social security number, whole or masked
passport VARCHAR Passport number, NUMBER or ISSUER:NUMBER
driver_licence VARCHAR Driver licence number, NUMBER or ISSUER:NUMBER
national_id VARCHAR National identity number, NUMBER or ISSUER:NUMBER
identifier VARCHAR[] Other identifiers, NUMBER or ISSUER:NUMBER
phone VARCHAR[] Telephone numbers
email VARCHAR[] E-mail addresses
{_MAPPED_ADDRESS.strip()}
birth_place VARCHAR Place of birth
occupation VARCHAR Occupation
employer VARCHAR Employer
"""
    ),
    "business": _columns(
        f"""
{_MAPPED.strip()}
name VARCHAR[] Names, the first is the primary one
other_name VARCHAR[] Trading names and former names
tax_id VARCHAR Tax number
registration VARCHAR[] Registration numbers, NUMBER or ISSUER:NUMBER
lei VARCHAR Legal entity identifier
identifier VARCHAR[] Other identifiers, NUMBER or ISSUER:NUMBER
phone VARCHAR[] Telephone numbers
email VARCHAR[] E-mail addresses
website VARCHAR Web address
{_MAPPED_ADDRESS.strip()}
"""
    ),
    "account": _columns(
        f"""
{_MAPPED.strip()}
number VARCHAR Account number, whole or masked
iban VARCHAR International bank account number
institution VARCHAR Routing number, bank identifier code or name of the bank
bic VARCHAR Bank identifier code
routing_number VARCHAR Routing number
account_type VARCHAR Type of the account
currency VARCHAR Currency
holder VARCHAR[] Names of the holders
opened_on VARCHAR Day on which the account was opened
"""
    ),
}

CANONICAL: dict[str, tuple[Column, ...]] = {
    "person": _columns(
        f"""
{_RECORD.strip()}
seen_on DATE Date of the record
name VARCHAR Name as written, "Given Middle Surname Suffix" where it came in parts
given_name VARCHAR First given name, folded
middle_name VARCHAR Further given names and initials, folded
surname VARCHAR Surname with its particles, folded
suffix VARCHAR Generation suffix: jr, sr, ii, iii, iv or v
given_root VARCHAR Root of the given name where it is a nickname, else the given name
surname_code VARCHAR Sound code of the surname, for blocking
other_names VARCHAR[] Other names, folded "given surname", and names in other scripts; sorted, distinct
birth_date DATE Birth date
birth_date_alt DATE Its other reading where day and month are open
birth_year SMALLINT Birth year, also where the day is unknown or impossible
sex VARCHAR f or m
ssn VARCHAR Social security number, nine digits
ssn_last4 VARCHAR Its last four digits, also where it is masked
identifiers VARCHAR[] Identifiers KIND:ISSUER:VALUE, sorted, distinct
phones VARCHAR[] Telephone numbers, sorted, distinct
emails VARCHAR[] E-mail addresses, sorted, distinct
{_ADDRESS.strip()}
birth_place VARCHAR Place of birth, folded
occupation VARCHAR Occupation, folded
employer VARCHAR Employer, folded
"""
    ),
    "business": _columns(
        f"""
{_RECORD.strip()}
seen_on DATE Date of the record
name VARCHAR Name as written
name_core VARCHAR Name, folded, without legal form and "the", abbreviations spelt out, in Latin letters
legal_form VARCHAR Code of the legal form: inc, llc, ltd, gmbh, sa ...
name_tokens VARCHAR[] Words of the core, sorted, distinct
other_names VARCHAR[] Cores of the other names and of names in other scripts, sorted, distinct
tax_id VARCHAR Employer identification number, nine digits
identifiers VARCHAR[] Identifiers KIND:ISSUER:VALUE, sorted, distinct
phones VARCHAR[] Telephone numbers, sorted, distinct
emails VARCHAR[] E-mail addresses, sorted, distinct
domain VARCHAR Domain of the web address
{_ADDRESS.strip()}
"""
    ),
    "account": _columns(
        f"""
{_RECORD.strip()}
seen_on DATE Date of the record
institution VARCHAR Routing number, first eight signs of the bank identifier code, or folded name of the bank
number VARCHAR Account number, letters and digits without leading zeros; NULL where it is masked
number_tail VARCHAR Last four visible signs of the number
masked BOOLEAN Whether the number is masked; NULL without a number
iban VARCHAR Valid international bank account number, lower case without spaces
account_type VARCHAR checking, savings, loan, card or brokerage
currency VARCHAR Currency code, lower case
holder VARCHAR Holders as written
holders VARCHAR[] Names of the holders, folded, words sorted; sorted, distinct
opened_on DATE Day on which the account was opened
"""
    ),
}
