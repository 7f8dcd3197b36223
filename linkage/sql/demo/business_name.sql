-- One row a business: legal name without its form, the trade's abbreviation, trading name, web site.
WITH business AS (
    SELECT unnest(range(demo.businesses())) AS business
),
counts AS (
    SELECT
        count(*) FILTER (kind = 'A') AS firsts, count(*) FILTER (kind = 'N') AS trades, count(*) FILTER (kind = 'C') AS chains
    FROM demo.business_word
),
parts AS (
    SELECT
        business, demo.u(business, 'b.pattern') AS pattern,
        first_word.word AS first_word, trade.word AS trade, trade.abbreviation, other_word.word AS other_word,
        other_trade.word AS other_trade, chain.word AS chain, city.city,
        coalesce(surname.name, demo.rare_surname(demo.draw(business, 'b.rare'))) AS surname,
        coalesce(partner.name, demo.rare_surname(demo.draw(-business - 1, 'b.rare'))) AS partner, given.name AS given
    FROM business
    CROSS JOIN counts
    JOIN demo.business_word AS first_word
        ON first_word.kind = 'A' AND first_word.place = demo.pick(demo.seat_key(business), 'b.first', firsts)
    JOIN demo.business_word AS trade ON trade.kind = 'N' AND trade.place = demo.pick(business, 'b.trade', trades)
    JOIN demo.business_word AS other_word ON other_word.kind = 'A' AND other_word.place = demo.pick(business, 'b.other', firsts)
    JOIN demo.business_word AS other_trade ON other_trade.kind = 'N' AND other_trade.place = demo.pick(business, 'b.other trade', trades)
    JOIN demo.business_word AS chain ON chain.kind = 'C' AND chain.place = demo.pick(business, 'b.brand', chains)
    JOIN demo.city AS city ON city.bucket = demo.seat_city(business)
    JOIN demo.given_name AS given ON given.sex = 'M' AND given.bucket = demo.pick(business, 'b.given', 16384)
    LEFT JOIN demo.surname AS surname ON surname.bucket = demo.pick(business, 'b.surname', 65536)
    LEFT JOIN demo.surname AS partner ON partner.bucket = demo.pick(-business - 1, 'b.surname', 65536)
),
named AS (
    SELECT
        business, abbreviation, trade,
        CASE
            WHEN demo.is_shell(business) THEN first_word || ' ' || trade
            WHEN demo.is_chain(business) THEN chain
            WHEN pattern < 0.25 THEN surname || ' ' || trade
            WHEN pattern < 0.35 THEN surname || ' & ' || partner || ' ' || trade
            WHEN pattern < 0.50 THEN city || ' ' || trade
            WHEN pattern < 0.78 THEN first_word || ' ' || trade
            WHEN pattern < 0.92 THEN other_word || ' ' || city || ' ' || trade
            ELSE given || '''s ' || trade
        END AS name,
        CASE WHEN demo.chance(business, 'b.trades as', 0.5) THEN surname ELSE other_word END || ' ' || other_trade AS trading_name
    FROM parts
)
SELECT
    business, name, abbreviation, trade, trading_name,
    CASE WHEN demo.chance(business, 'b.has site', 0.5) THEN lower(regexp_replace(name, '[^A-Za-z]', '', 'g'))
        || (CASE WHEN demo.chance(business, 'b.site no', 0.4) THEN demo.pick(business, 'b.site', 99)::VARCHAR ELSE '' END) || '.example' END AS website
FROM named
