-- Pattern of a date whose month is a word ("1 mar 1970", "march 1, 70", "24-may-11", "may 1980", "sunday, 12 march 1978").
SET VARIABLE std_month_pattern =
    '^(?:(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*[ ,.]+)?(?:([0-9]{1,4})(?:st|nd|rd|th)?[ ,./-]*(?:of |de )?)?'
    || '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-z]*[ ,./-]*(?:de )?'
    || '(?:([0-9]{1,4})(?:st|nd|rd|th)?)?(?:[ ,./-]+([0-9]{2,4}))?$'
