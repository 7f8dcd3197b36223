-- Address, step 15: house_number, street, unit, city, region, postcode and country.
CREATE OR REPLACE TEMP MACRO std_place(step) AS
    {
        'house_number': step.house_number,
        'street': std_street(step.street),
        'unit': std_unit(step.unit),
        'city': std_city(step.city),
        'region': step.region,
        'postcode': std_postcode(step.postcode),
        'country': step.country
    }
