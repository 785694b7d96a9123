/*
 * The allow-list against people who choose their own names: addresses with more than one @, names
 * with slashes and stars in them, other letter cases, other alphabets.
 */
#include "setting.h"

#include "base/text.h"
#include "gateway/allow.h"

#include <stdlib.h>

/* clang-format off */
static const struct {
	const char *pattern;
	const char *text;
	bool fold;
	bool want;
} matches[] = {
	{"",          "",                 false, true},
	{"",          "a",                false, false},
	{"a",         "",                 false, false},
	{"*",         "",                 false, true},
	{"*",         "anything / at all", false, true},
	{"**",        "",                 false, true},
	{"*a",        "a",                false, true},
	{"*a",        "ba",               false, true},
	{"*a",        "ab",               false, false},
	{"a*",        "a",                false, true},
	{"a*",        "ba",               false, false},
	{"a*b",       "ab",               false, true},
	{"a*b",       "axxb",             false, true},
	{"a*b",       "axxbx",            false, false},
	{"a*b*c",     "abbc",             false, true},
	{"a*b*c",     "acb",              false, false},
	{"*aab",      "aaaab",            false, true}, /* the star has to take another try */
	{"*a*a*b",    "aaaaaaaaaaaaac",   false, false},
	{"ada",       "ADA",              false, false},
	{"ada",       "ADA",              true,  true},
	{"ADA",       "ada",              true,  true},
	{"[",         "{",                true,  false}, /* they differ by the bit of the case */
	{"@",         "`",                true,  false},
	{"\xc3\x84",  "\xc3\xa4",         true,  false}, /* only ASCII has cases here */
	{"k",         "\xe2\x84\xaa",     true,  false}, /* the Kelvin sign */
	{"?",         "a",                false, false}, /* no other wildcard */
	{"[a-z]",     "a",                false, false},
	{"\\*",       "*",                false, false},
	{"a.c",       "abc",              false, false},
};

static const struct {
	const char *pattern;
	const char *email;
	bool want;
} emails[] = {
	{"ada@example.com", "ada@example.com",                    true},
	{"ada@example.com", "Ada@Example.COM",                    true},
	{"ADA@EXAMPLE.COM", "ada@example.com",                    true},
	{"ada@example.com", "ada@example.com.evil.example",       false},
	{"ada@example.com", "ada@example.co",                     false},
	{"ada@example.com", " ada@example.com",                   false},
	{"ada@example.com", "ada@example.com ",                   false},
	{"ada@example.com", "ada@example.com\n",                  false},
	{"*@example.com",   "ada@example.com",                    true},
	{"*@example.com",   "ada+x@example.com",                  true},
	{"*@example.com",   "mallory@evil.example@example.com",   false},
	{"*@example.com",   "\"mallory@evil.example\"@example.com", false},
	{"*@example.com",   "mallory@evil.example,@example.com",  false},
	{"*@example.com",   "@example.com",                       false},
	{"*@example.com",   "mallory@notexample.com",             false},
	{"*@example.com",   "mallory@x.example.com",              false},
	{"*@example.com",   "mallory@example.com.",               false},
	{"*@example.com",   "mallory@example.com.evil.example",   false},
	{"*@example.com",   "mallory@example\xe3\x80\x82" "com",  false},
	{"*@example.com",   "mallory@ex\xd0\xb0mple.com",         false},
	{"*@example.com",   "mallory\xef\xbc\xa0" "example.com",  false},
	{"*@example.com",   "example.com",                        false},
	{"*@example.com",   "",                                   false},
	{"*@*.example.com", "ada@a.example.com",                  true},
	{"*@*.example.com", "ada@example.com",                    false},
	{"*",               "ada@example.com",                    true},
	{"*",               "no address",                         false},
	{"*",               "",                                   false},
	{"*",               "ada@",                               false},
	{"*",               "@",                                  false},
	{"*",               "a@b@c",                              false},
	{"",                "ada@example.com",                    false},
};

static const struct {
	const char *pattern;
	const char *login;
	const char *subject;
	bool want;
} subjects[] = {
	{"clock/ada",  "clock",   "ada",     true},
	{"clock/ada",  "clock",   "Ada",     false},
	{"clock/ada",  "clock",   "ada2",    false},
	{"clock/ada",  "two",  "ada",     false},
	{"clock/ada",  "two",  "clock/ada", false},
	{"clock/ada",  "clo",      "ck/ada", false},
	{"clock/*",    "clock",   "ada",     true},
	{"clock/*",    "clock",   "a/b/c",   true},
	{"clock/*",    "clock2",  "ada",     false},
	{"clock/*",    "other",    "clock/ada", false},
	{"*/ada",       "clock",   "ada",     true},
	{"*/ada",       "clock",   "x/ada",   false}, /* a star in the login is a login's */
	{"*/ada",       "clock",   "/ada",    false},
	{"*k/ada",      "clock",   "ada",     true},
	{"*k/ada",      "other",    "k/ada",   false},
	{"clock*/ada", "clock-2", "ada",     true},
	{"clock*/ada", "clock",   "evil/ada", false},
	{"*/*",         "clock",   "ada",     true},
	{"*",           "clock",   "ada",     true},
	{"*",           "clock",   "a/b",     true},
	{"clo*",        "clock",   "ada",     false}, /* names no subject */
	{"*ada",        "clock",   "ada",     false},
	{"clock/",     "clock",   "ada",     false},
	{"/ada",        "clock",   "ada",     false},
	{"",            "clock",   "ada",     false},
	{"clock/a/b",  "clock",   "a/b",     true},
	{"clock/a/b",  "clock",   "a",       false},
	{"clock/ada",  "clock",   "ad*",     false}, /* a star in a name is a star */
	{"clock/ada",  "clock",   "*",       false},
	{"Clock/ada",  "clock",   "ada",     false},
};
/* clang-format on */

static bool passes(struct pk_list emails_allowed, struct pk_list subjects_allowed,
		   const char *login, struct pk_identity identity)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	bool passed;

	assert_non_null(settings);
	settings->allow_emails = emails_allowed;
	settings->allow_subjects = subjects_allowed;
	passed = allow_passes(settings, pk_str(login), &identity);
	free(settings);
	return passed;
}

static struct pk_list one(const char *pattern)
{
	return (struct pk_list){.item = {pk_str(pattern)}, .count = 1};
}

static const struct pk_list none;

static void patterns_match_whole_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++)
		if (allow_matches(pk_str(matches[i].pattern), pk_str(matches[i].text),
				  matches[i].fold) != matches[i].want)
			fail_msg("%s against %s", matches[i].pattern, matches[i].text);
}

static void an_address_has_one_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(emails) / sizeof(emails[0]); i++) {
		const struct pk_identity identity = {.subject = PK_STR("x"),
						     .email = pk_str(emails[i].email)};

		if (passes(one(emails[i].pattern), none, "clock", identity) != emails[i].want)
			fail_msg("%s against %s", emails[i].pattern, emails[i].email);
	}
}

static void a_subject_is_one_at_its_login(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		const struct pk_identity identity = {.subject = pk_str(subjects[i].subject)};

		if (passes(none, one(subjects[i].pattern), subjects[i].login, identity) !=
		    subjects[i].want)
			fail_msg("%s against %s/%s", subjects[i].pattern, subjects[i].login,
				 subjects[i].subject);
	}
}

static void a_nul_is_a_character(void **state)
{
	const struct pk_identity identity = {
		.subject = PK_STR("ada\0x"),
		.email = PK_STR("mallory@evil.example\0@example.com"),
	};

	(void)state;
	assert_false(passes(none, one("clock/ada"), "clock", identity));
	assert_false(passes(one("*@example.com"), none, "clock", identity));
}

/* What is listed as an address lets in no subject, and the reverse. */
static void the_lists_are_apart(void **state)
{
	const struct pk_identity ada = {.subject = PK_STR("ada@example.com")};
	const struct pk_identity bob = {.subject = PK_STR("bob"), .email = PK_STR("clock/x@y")};

	(void)state;
	assert_false(passes(one("*@example.com"), none, "clock", ada));
	assert_false(passes(none, one("clock/x@y"), "clock", bob));
}

static void an_empty_list_lets_nobody_in(void **state)
{
	const struct pk_identity ada = {.subject = PK_STR("ada"),
					.email = PK_STR("ada@example.com")};

	(void)state;
	assert_false(passes(none, none, "clock", ada));
}

static void any_pattern_of_a_list_is_enough(void **state)
{
	const struct pk_list emails_allowed = {
		.item = {PK_STR("x@example.com"), PK_STR("*@example.org")}, .count = 2};
	const struct pk_list subjects_allowed = {.item = {PK_STR("a/b"), PK_STR("clock/ada")},
						 .count = 2};

	(void)state;
	assert_true(passes(emails_allowed, none, "l",
			   (struct pk_identity){.email = PK_STR("y@example.org")}));
	assert_true(passes(none, subjects_allowed, "clock",
			   (struct pk_identity){.subject = PK_STR("ada")}));
	assert_true(passes(emails_allowed, subjects_allowed, "clock",
			   (struct pk_identity){.subject = PK_STR("ada")}));
}

/* A pattern with many stars against a long name: no more than a moment. */
static void many_stars_take_no_time(void **state)
{
	static char pattern[2000], text[PK_SUBJECT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(text, 'a', sizeof(text));
	assert_false(allow_matches((struct pk_str){pattern, sizeof(pattern)},
				   (struct pk_str){text, sizeof(text)}, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_whole_texts),
		cmocka_unit_test(an_address_has_one_at),
		cmocka_unit_test(a_subject_is_one_at_its_login),
		cmocka_unit_test(a_nul_is_a_character),
		cmocka_unit_test(the_lists_are_apart),
		cmocka_unit_test(an_empty_list_lets_nobody_in),
		cmocka_unit_test(any_pattern_of_a_list_is_enough),
		cmocka_unit_test(many_stars_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
