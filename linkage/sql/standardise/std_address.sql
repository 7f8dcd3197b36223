-- An address in one line as house_number, street, unit, city, region, postcode and country.
CREATE OR REPLACE TEMP MACRO std_address(written) AS
    list_transform([std_address_country(std_street_text(written))], lambda address_1:
    list_transform([{'country': address_1.country, 'rest': std_address_postcode(address_1.line)}], lambda address_2:
    list_transform([{
        'country': address_2.country,
        'postcode': address_2.rest.postcode,
        'again': CASE WHEN address_2.country IS NULL THEN std_address_country(address_2.rest.line)
            ELSE {'line': address_2.rest.line, 'country': address_2.country} END
    }], lambda address_3:
    list_transform([{
        'country': address_3.again.country,
        'postcode': address_3.postcode,
        'state': std_address_region(address_3.again.line, address_3.again.country)
    }], lambda address_4:
    list_transform([{
        'country': address_4.country,
        'postcode': address_4.postcode,
        'region': address_4.state.region,
        'unit': CASE
            WHEN regexp_matches(
                address_4.state.line,
                '(?:^|[ ,])(?:apartment|apt|unit|suite|ste|room|rm|floor|fl|lot|bldg|building|trlr|spc|penthouse|ph|flat|appt|#)(?:[ #,-]|[0-9]|$)')
                THEN std_unit_parts(address_4.state.line)
            ELSE {'number': '', 'street': address_4.state.line, 'unit': ''}
        END
    }], lambda address_5:
    list_transform([{
        'country': address_5.country,
        'postcode': address_5.postcode,
        'region': address_5.region,
        'unit': address_5.unit.unit,
        'rest': std_address_city(address_5.unit.street)
    }], lambda address_6:
    list_transform([{
        'country': address_6.country,
        'postcode': address_6.postcode,
        'region': address_6.region,
        'unit': address_6.unit,
        'city': address_6.rest.city,
        'street': std_street_parts(address_6.rest.street, false)
    }], lambda address_7: {
        'house_number': address_7.street.house_number,
        'street': address_7.street.street,
        'unit': coalesce(std_unit(address_7.unit), address_7.street.unit),
        'city': std_city(address_7.city),
        'region': address_7.region,
        'postcode': std_postcode(address_7.postcode),
        'country': address_7.country
    })[1])[1])[1])[1])[1])[1])[1]
