/*
 * ISO 8601 dates and times as programs write them: 2026-11-21T20:44:52.123+01:00. Read by hand,
 * since the C library's functions look at the machine's time zone.
 */
#include "explain/capture.h"
#include "base/text.h"

/* Takes exactly `digits` digits off the start. */
static bool take_number(struct pk_str *text, size_t digits, int64_t max, int64_t *ret)
{
	if (text->len < digits || !pk_str_number(pk_str_first(*text, digits), max, ret))
		return false;
	*text = pk_str_from(*text, digits);
	return true;
}

static bool take_char(struct pk_str *text, const char *of)
{
	for (; *of; of++)
		if (text->len && text->ptr[0] == *of) {
			*text = pk_str_from(*text, 1);
			return true;
		}
	return false;
}

/* Days since 1970-01-01 in the Gregorian calendar. A year begins in March, so that the day which
 * some years have more is its last. */
static int64_t days_since_epoch(int64_t year, int64_t month, int64_t day)
{
	const int64_t y = month > 2 ? year : year - 1;
	const int64_t months = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * months + 2) / 5 + day - 1 - 719468;
}

static bool take_date(struct pk_str *text, int64_t *ret_days)
{
	int64_t year, month, day;

	if (!take_number(text, 4, 9999, &year) || year < 1970 || !take_char(text, "-") ||
	    !take_number(text, 2, 12, &month) || month < 1 || !take_char(text, "-") ||
	    !take_number(text, 2, 31, &day) || day < 1)
		return false;
	*ret_days = days_since_epoch(year, month, day);
	return true;
}

static bool take_clock(struct pk_str *text, double *ret_seconds)
{
	int64_t hour, minute, second = 0, digit;
	double scale = 1;

	if (!take_char(text, "Tt ") || !take_number(text, 2, 24, &hour) || !take_char(text, ":") ||
	    !take_number(text, 2, 59, &minute))
		return false;
	if (take_char(text, ":") && !take_number(text, 2, 60, &second))
		return false;
	*ret_seconds = (double)(hour * 3600 + minute * 60 + second);
	if (!take_char(text, ".,"))
		return true;
	while (take_number(text, 1, 9, &digit))
		*ret_seconds += (double)digit * (scale /= 10);
	return true;
}

/* Seconds east of Greenwich: Z, +01:00, -0530, +02, or nothing. */
static bool take_zone(struct pk_str *text, int64_t *ret)
{
	int64_t hours, minutes = 0;
	const bool west = text->len && text->ptr[0] == '-';

	*ret = 0;
	if (!text->len || take_char(text, "Zz"))
		return true;
	if (!take_char(text, "+-") || !take_number(text, 2, 23, &hours))
		return false;
	if ((take_char(text, ":") || text->len) && !take_number(text, 2, 59, &minutes))
		return false;
	*ret = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

bool iso_time(struct pk_str text, double *ret)
{
	int64_t days, east;
	double seconds;

	if (!take_date(&text, &days) || !take_clock(&text, &seconds) || !take_zone(&text, &east) ||
	    text.len)
		return false;
	*ret = (double)(days * 86400 - east) + seconds;
	return true;
}
