-- One row is one person of a run with how they came and how far they went, from first touch to renewal and referral.
CREATE OR REPLACE VIEW headwater.people
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch String COMMENT 'Place of the business: of the earliest lead or stage that has one, else payment, else touch; empty when unknown',
    person_id String COMMENT 'The person: smallest identifier of the component',
    acquired_at DateTime64(6, 'UTC') COMMENT 'The first touch, stage or payment, UTC',
    acquired_on Date COMMENT 'Local day of it',
    cohort Date COMMENT 'First day of its month, local',
    channel String COMMENT 'Channel of the first touch; unattributed when a stage or a payment came before any',
    campaign String COMMENT 'Campaign of the first touch; empty when none',
    landing_page String COMMENT 'First page of the first touch; empty when it is no session',
    service String COMMENT 'Service of the earliest lead that has one, else payment; empty when unknown',
    via String COMMENT 'How the earliest lead inquired; empty when unknown',
    touches UInt32 COMMENT 'Touches of any kind',
    sessions UInt32 COMMENT 'Sessions',
    session_days UInt32 COMMENT 'Local days with a session',
    session_months Array(Date) COMMENT 'First days of the months with a session, in order',
    returned_at Nullable(DateTime64(6, 'UTC')) COMMENT 'The second touch that is neither told nor a referral, UTC; null when none',
    returned_on Nullable(Date) COMMENT 'Local day of it',
    site_stages Array(String) COMMENT 'All stages of the site, in order',
    stages Array(String) COMMENT 'Of these, reached',
    stages_at Array(DateTime64(6, 'UTC')) COMMENT 'When each was reached first, UTC, aligned with stages',
    stages_on Array(Date) COMMENT 'Local days of these',
    inquiry_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When inquiry was reached first, UTC; null when not yet',
    consult_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When consult was reached first, UTC; null when not yet',
    registration_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When registration was reached first, UTC; null when not yet',
    first_paid_at Nullable(DateTime64(6, 'UTC')) COMMENT 'The first payment over 0, UTC; null when none',
    first_paid_on Nullable(Date) COMMENT 'Local day of it',
    renewed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'The first payment on a later local day than the first, or the first re-registration, UTC; null when none',
    renewed_on Nullable(Date) COMMENT 'Local day of it',
    payments UInt32 COMMENT 'Payments over 0',
    payment_days UInt32 COMMENT 'Local days with a payment over 0',
    payment_months Array(Date) COMMENT 'First days of the months with a payment over 0, in order',
    months_of_use UInt32 COMMENT 'Months from the first payment''s to the last one''s, both counted; 0 without any',
    paid Int64 COMMENT 'Payments over 0, added up, won',
    revenue Int64 COMMENT 'All payments so far less refunds, won',
    money_by_month Array(Tuple(Date, Int64, UInt64)) COMMENT 'First day of each month with a payment or refund, the won of both, and the number of payments over 0',
    customer UInt8 COMMENT '1 when the person registered or paid',
    referred UInt8 COMMENT '1 when a referral_made names the person as the referred',
    invitations UInt32 COMMENT 'Invitations the person sent',
    referrals UInt32 COMMENT 'Persons whom a referral_made says this one referred',
    referred_customers UInt32 COMMENT 'Of these, who registered or paid',
    given_up UInt8 COMMENT '1 when every lead of the person stands at lost or dormant',
    last_on Date COMMENT 'Local day of the last touch, stage or payment',
    recorded_until Date COMMENT 'Local day of the site''s last touch, stage or payment, of anybody'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (SELECT max(label) FROM headwater.visible_runs WHERE run = {run:String}) AS asked_label,
    -- Up to which offset of a partition the run has read; live reads all there is.
    (
        SELECT JSONExtract(max(offsets), 'events', 'Map(String, Tuple(UInt64, UInt64, String))')
        FROM headwater.visible_runs WHERE run = {run:String}
    ) AS read_to,
    length({sites:Array(String)}) = 0 AS every_site,
    length({branches:Array(String)}) = 0 AS every_branch,
    customers AS
    (
        SELECT DISTINCT site, person_id
        FROM
        (
            SELECT site, person_id FROM headwater.newest_conversion_rows AS registered
            WHERE registered.run = asked_label AND (every_site OR has({sites:Array(String)}, site)) AND stage = 'registration'
            UNION ALL
            SELECT site, person_id FROM headwater.newest_payment_rows AS paying
            WHERE paying.run = asked_label AND (every_site OR has({sites:Array(String)}, site)) AND amount > 0
        )
    ),
    -- Which leads a telephone stands beside in what was said; read only of sites where somebody was referred by one.
    phones AS
    (
        SELECT site, concat('phone:', phone) AS referrer, min(beside) AS lead_id
        FROM
        (
            SELECT
                site, if(type = 'event_withdrawn', JSONExtractString(payload, 'withdraws'), event_id) AS said,
                anyIf(JSONExtractString(payload, 'lead_id'), type != 'event_withdrawn') AS beside,
                anyIf(
                    arrayPushFront(JSONExtract(payload, 'phone_aliases', 'Array(String)'), JSONExtractString(payload, 'phone')),
                    type != 'event_withdrawn' AND NOT JSONHas(payload, 'bot')
                ) AS numbers
            FROM headwater.event_archive AS event FINAL
            WHERE type IN ('status_changed', 'person_identified', 'event_withdrawn')
                AND (NOT mapContains(read_to, toString(partition)) OR event.offset < read_to[toString(partition)].2)
                AND site IN
            (
                SELECT site FROM headwater.newest_activity_rows AS said
                WHERE said.run = asked_label AND (every_site OR has({sites:Array(String)}, site)) AND startsWith(referrer, 'phone:')
            )
            GROUP BY site, said
            HAVING countIf(type = 'event_withdrawn') = 0 AND beside != ''
        )
        ARRAY JOIN numbers AS phone
        GROUP BY site, referrer
    ),
    -- Everything known of anybody. `what` is touch, stage, payment, lead, invited or referred (of the referrer), came (of the
    -- referred); `word` the channel, the stage or the referred; `detail` the kind of touch, else the service.
    facts AS
    (
        SELECT
            site, person_id, 'touch' AS what, touched_at AS at, touch_id AS id, day, toString(branch) AS place,
            toString(channel) AS word, toString(kind) AS detail, toString(campaign) AS campaign, landing_page AS page,
            toInt64(0) AS amount
        FROM headwater.newest_touch_rows AS touch
        WHERE touch.run = asked_label AND (every_site OR has({sites:Array(String)}, site))
        UNION ALL
        SELECT
            site, person_id, 'stage', converted_at, conversion_id, day, toString(branch), toString(stage), '', '', '', 0
        FROM headwater.newest_conversion_rows AS reached
        WHERE reached.run = asked_label AND (every_site OR has({sites:Array(String)}, site)) AND stage != 'payment'
        UNION ALL
        SELECT site, person_id, 'payment', paid_at, payment_id, day, toString(branch), 'unattributed', service, '', '', amount
        FROM headwater.newest_payment_rows AS payment
        WHERE payment.run = asked_label AND (every_site OR has({sites:Array(String)}, site))
        UNION ALL
        SELECT
            site, person_id, 'lead', ifNull(inquiry_at, ifNull(registration_at, toDateTime64('2299-12-31', 6, 'UTC'))), lead_key,
            toDate(0), toString(branch), toString(stage), service, toString(via), '', 0
        FROM headwater.newest_lead_rows AS lead
        WHERE lead.run = asked_label AND (every_site OR has({sites:Array(String)}, site))
        UNION ALL
        SELECT site, fact.1, fact.2, happened_at, event_id, toDate(0), '', fact.3, '', '', '', fact.4
        FROM
        (
            SELECT
                site, type, happened_at, event_id, came, if(known_as.person_id = '', referrer, known_as.person_id) AS by_whom,
                toInt64((site, came) IN customers) AS is_customer
            FROM
            (
                SELECT
                    site, type, happened_at, event_id, person_id AS came, referrer,
                    if(startsWith(referrer, 'lead_id:'), substring(referrer, 9), phones.lead_id) AS lead_id
                FROM headwater.newest_activity_rows AS said
                LEFT JOIN phones USING (site, referrer)
                WHERE said.run = asked_label AND (every_site OR has({sites:Array(String)}, site))
                    AND type IN ('invitation_sent', 'referral_made')
            ) AS told
            LEFT JOIN
            (
                SELECT site, lead_id, min(person_id) AS person_id
                FROM headwater.newest_lead_rows AS lead
                WHERE lead.run = asked_label AND (every_site OR has({sites:Array(String)}, site)) AND lead_id != ''
                GROUP BY site, lead_id
            ) AS known_as USING (site, lead_id)
        )
        ARRAY JOIN if(
            type = 'referral_made', [(by_whom, 'referred', came, is_customer), (came, 'came', '', 0)], [(by_whom, 'invited', '', 0)]
        ) AS fact
    ),
    known AS
    (
        SELECT
            site, person_id,
            argMinIf(
                (at, day, if(what = 'touch', word, 'unattributed'), facts.campaign, page),
                (at, indexOf(['touch', 'stage', 'payment'], what), id), counts
            ) AS first,
            argMinIf(place, (multiIf(what IN ('lead', 'stage'), 1, what = 'payment', 2, 3), at, id), place != '') AS branch,
            argMinIf(detail, (what, at, id), what IN ('lead', 'payment') AND detail != '') AS service,
            argMinIf(facts.campaign, (at, id), what = 'lead') AS via,
            countIf(what = 'touch') AS touches,
            countIf(what = 'touch' AND detail = 'session') AS sessions,
            uniqExactIf(day, what = 'touch' AND detail = 'session') AS session_days,
            arraySort(groupUniqArrayIf(toStartOfMonth(day), what = 'touch' AND detail = 'session')) AS session_months,
            groupArraySortedIf(2)((at, day), what = 'touch' AND detail NOT IN ('told', 'referral')) AS two_touches,
            minMapIf(map(word, at), what = 'stage') AS reached,
            minMapIf(map(word, day), what = 'stage') AS reached_on,
            minIf((at, day), pays) AS first_paid,
            groupArrayIf((day, at), pays) AS paid_at,
            sumIf(amount, pays) AS paid,
            sumIf(amount, what = 'payment') AS revenue,
            sumMapIf(map(toStartOfMonth(day), amount), what = 'payment') AS money,
            sumMapIf(map(toStartOfMonth(day), toUInt64(1)), pays) AS numbers,
            maxIf(day, pays) AS last_paid_on,
            max(what = 'came') AS referred,
            countIf(what = 'invited') AS invitations,
            uniqExactIf(word, what = 'referred') AS referrals,
            uniqExactIf(word, what = 'referred' AND amount = 1) AS referred_customers,
            countIf(what = 'lead') > 0 AND countIf(what = 'lead' AND word NOT IN ('lost', 'dormant')) = 0 AS given_up,
            maxIf(day, counts) AS last_on
        FROM
        (
            SELECT *, what IN ('touch', 'stage', 'payment') AS counts, what = 'payment' AND amount > 0 AS pays FROM facts
        ) AS facts
        GROUP BY site, person_id
        HAVING countIf(counts) > 0
    ),
    every_person AS
    (
        SELECT known.*, site_stages, max(last_on) OVER (PARTITION BY site) AS recorded_until
        FROM known
        LEFT JOIN
        (
            SELECT site, JSONExtract(settings, 'stages', 'Array(String)') AS site_stages
            FROM headwater.newest_site_rows AS settings_of
            WHERE settings_of.run = asked_label
        ) AS settings USING (site)
    )
SELECT
    site, branch, person_id, first.1 AS acquired_at, first.2 AS acquired_on, toStartOfMonth(acquired_on) AS cohort,
    first.3 AS channel, first.4 AS campaign, first.5 AS landing_page, service, via,
    toUInt32(every_person.touches) AS touches, toUInt32(every_person.sessions) AS sessions,
    toUInt32(every_person.session_days) AS session_days, session_months,
    if(length(two_touches) = 2, two_touches[2].1, NULL) AS returned_at,
    if(length(two_touches) = 2, two_touches[2].2, NULL) AS returned_on,
    if(empty(every_person.site_stages), ['inquiry', 'consult', 'registration'], every_person.site_stages) AS site_stages,
    arrayFilter(stage -> mapContains(reached, stage), site_stages) AS stages,
    arrayMap(stage -> reached[stage], stages) AS stages_at,
    arrayMap(stage -> reached_on[stage], stages) AS stages_on,
    if(mapContains(reached, 'inquiry'), reached['inquiry'], NULL) AS inquiry_at,
    if(mapContains(reached, 'consult'), reached['consult'], NULL) AS consult_at,
    if(mapContains(reached, 'registration'), reached['registration'], NULL) AS registration_at,
    if(empty(paid_at), NULL, first_paid.1) AS first_paid_at,
    if(empty(paid_at), NULL, first_paid.2) AS first_paid_on,
    arrayMin(arrayConcat(
        arrayMap(one -> toNullable(one.2), arrayFilter(one -> one.1 > first_paid.2, paid_at)),
        if(mapContains(reached, 're_registration'), [toNullable(reached['re_registration'])], [])
    )) AS renewed_at,
    arrayMin(arrayConcat(
        arrayMap(one -> toNullable(one.1), arrayFilter(one -> one.1 > first_paid.2, paid_at)),
        if(mapContains(reached, 're_registration'), [toNullable(reached_on['re_registration'])], [])
    )) AS renewed_on,
    toUInt32(length(paid_at)) AS payments,
    toUInt32(length(arrayDistinct(arrayMap(one -> one.1, paid_at)))) AS payment_days,
    arraySort(arrayDistinct(arrayMap(one -> toStartOfMonth(one.1), paid_at))) AS payment_months,
    toUInt32(if(empty(paid_at), 0, dateDiff('month', first_paid.2, last_paid_on) + 1)) AS months_of_use,
    every_person.paid AS paid, every_person.revenue AS revenue,
    arrayMap(one -> (one, money[one], numbers[one]), mapKeys(money)) AS money_by_month,
    registration_at IS NOT NULL OR NOT empty(paid_at) AS customer,
    every_person.referred AS referred, toUInt32(every_person.invitations) AS invitations, toUInt32(every_person.referrals) AS referrals,
    toUInt32(every_person.referred_customers) AS referred_customers, given_up, last_on, recorded_until
FROM every_person
WHERE every_branch OR has({branches:Array(String)}, branch)
COMMENT 'One person of a run with how they came and how far they went, from first touch to renewal and referral'
