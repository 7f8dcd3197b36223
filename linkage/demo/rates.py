"""How often each difficulty occurs in the demo data: one frozen record of settings."""

from __future__ import annotations

from dataclasses import dataclass, fields

from linkage.errors import RequestError


@dataclass(frozen=True, slots=True)
class DemoRates:
    """Shares between 0 and 1, except `missing` and `typing`, which multiply the habits of each dataset.

    The defaults are hard enough that a plain probabilistic matcher with connected components stays below .96
    pairwise F1 in each type, while the ceiling (see `DemoSummary.ceiling`) is far above.
    """

    # Families and names
    family: float = 0.10
    """Persons who live in a family or as a couple that the records know; the others stand alone."""
    junior: float = 0.10
    """Families in which a son bears his father's whole name (Jr/Sr)."""
    twins: float = 0.06
    """Families whose two children have one birth date."""
    changed_surname: float = 0.15
    """Women whose surname changes within the years that the records cover."""
    suffix_missing: float = 0.60
    """Records of a Jr or Sr that leave the suffix out."""
    nickname: float = 0.09
    """Records that give a short form, where the given name has one."""
    middle_as_given: float = 0.02
    """Records that give the middle name in place of the given name."""
    alias: float = 0.25
    """Records of a dataset with an alias column that fill it (a short form, or the surname at birth)."""
    name_typo: float = 0.05
    """Name parts with a typing, reading or hearing error."""
    name_swap: float = 0.015
    """Records with given name and surname exchanged."""
    date_error: float = 0.06
    """Birth dates that are wrong: day and month exchanged, a wrong digit, a day off, 1 January."""
    # Homes, phones, identifiers
    moved: float = 0.35
    """Households that move within the years (a second move is half as likely)."""
    stale: float = 0.20
    """Records that still carry an older address or phone."""
    tower: float = 0.10
    """Homes in a block of flats shared by dozens of other persons."""
    address_error: float = 0.08
    """Addresses with an error in the house number, street or postcode."""
    shared_phone: float = 0.18
    """Records that give the household's phone."""
    work_phone: float = 0.05
    """Records that give the employer's phone, shared by all who work there."""
    changed_phone: float = 0.35
    """Persons whose own phone changes."""
    stolen_ssn: float = 0.02
    """Persons who always use the SSN of a stranger."""
    shared_ssn: float = 0.02
    """Records that carry the SSN of a relative."""
    placeholder: float = 0.03
    """SSNs and phones that are fillers such as 999-99-9999."""
    identifier_error: float = 0.04
    """Identifiers and phones with a wrong digit."""
    # Businesses
    chain: float = 0.14
    """Businesses that bear the name of a chain; each place is an entity of its own."""
    shell: float = 0.09
    """Businesses that sit, four at a time, at one address with one phone."""
    trading_name: float = 0.14
    """Business records that give the trading name in place of the legal one."""
    name_variant: float = 0.55
    """Business names written in another way (legal form, abbreviation, typing error)."""
    business_moved: float = 0.4
    """Businesses that move to another address and phone."""
    # Accounts
    business_account: float = 0.30
    """Accounts that belong to a business."""
    joint: float = 0.20
    """Accounts of a person with a second holder from the family."""
    same_number_other_bank: float = 0.06
    """Every other account: its number is also the number of an account at another bank."""
    same_number_other_type: float = 0.03
    """Every other account: same bank, number and owner as another one, of another type."""
    neighbour_number: float = 0.08
    """Every other account: opened together with another one, the number one higher."""
    reused_number: float = 0.03
    """Every other account: the number was another customer's before."""
    masked: float = 0.08
    """Account numbers of which only the last four characters are shown."""
    number_error: float = 0.035
    """Account numbers with a wrong digit."""
    bank_as_name: float = 0.25
    """Account records that name the bank in words, in one of several ways."""
    bank_missing: float = 0.05
    """Account records without the bank."""
    # Everywhere
    missing: float = 0.9
    """Multiplies the share of empty fields that is the habit of each dataset."""
    typing: float = 1.0
    """Multiplies all error rates; each dataset has a factor of its own besides."""

    def __post_init__(self) -> None:
        """Refuse what is not a share (or not a factor between 0 and 5)."""
        for field in fields(self):
            value = getattr(self, field.name)
            limit = 5.0 if field.name in {"missing", "typing"} else 1.0
            if not 0.0 <= value <= limit:
                message = f"demo rate {field.name} = {value!r} must lie between 0 and {limit:g}"
                raise RequestError(message)
