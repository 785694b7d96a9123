/*
 * return_to, as attackers spell it: every way to write another host that some browser, proxy or
 * parser takes for ours, or for a path. Whatever passes begins with an allowed origin, and what
 * follows that is a slash or nothing.
 */
#include "setting.h"

#include "base/text.h"
#include "gateway/return_to.h"

#include <stdlib.h>

static struct settings settings = {
	.public_url = {"https://app.example.com", 23},
	.return_to_origins = {{{"https://videos.example.com", 26},
			       {"https://app.example.com:8443", 28},
			       {"http://127.0.0.1:3000", 21}},
			      3},
};

static bool write_of(struct pk_str text, struct pk_buf *out)
{
	static char memory[RETURN_TO_MAX];

	*out = pk_buf(memory, sizeof(memory));
	return return_to_write(&settings, text, out);
}

/* clang-format off */
static const struct good {
	const char *text;
	const char *want;
} good[] = {
	{"",                                    "https://app.example.com/"},
	{"/",                                   "https://app.example.com/"},
	{"/videos",                             "https://app.example.com/videos"},
	{"/videos?a=b&c=%20d#top",              "https://app.example.com/videos?a=b&c=%20d#top"},
	{"/?next=https://evil.example/",        "https://app.example.com/?next=https://evil.example/"},
	{"/@evil.example",                      "https://app.example.com/@evil.example"},
	{"/.evil.example",                      "https://app.example.com/.evil.example"},
	{"/..//evil.example",                   "https://app.example.com/..//evil.example"},
	{"/.//evil.example",                    "https://app.example.com/.//evil.example"},
	{"/%2f/evil.example",                   "https://app.example.com/%2f/evil.example"},
	{"/%5cevil.example",                    "https://app.example.com/%5cevil.example"},
	{"/%09/evil.example",                   "https://app.example.com/%09/evil.example"},
	{"/%0d%0aLocation:%20//evil.example",   "https://app.example.com/%0d%0aLocation:%20//evil.example"},
	{"/:80",                                "https://app.example.com/:80"},
	{"/;@evil.example",                     "https://app.example.com/;@evil.example"},
	{"/javascript:alert(1)",                "https://app.example.com/javascript:alert(1)"},
	{"https://app.example.com",             "https://app.example.com"},
	{"https://app.example.com/",            "https://app.example.com/"},
	{"https://app.example.com/a?b#c",       "https://app.example.com/a?b#c"},
	{"https://app.example.com//evil.example", "https://app.example.com//evil.example"},
	{"https://app.example.com/@evil.example", "https://app.example.com/@evil.example"},
	{"https://videos.example.com/1",        "https://videos.example.com/1"},
	{"https://app.example.com:8443/admin",  "https://app.example.com:8443/admin"},
	{"http://127.0.0.1:3000",               "http://127.0.0.1:3000"},
};

static const char *const evil[] = {
	/* a host where a path should be */
	"//evil.example",
	"///evil.example",
	"////evil.example",
	"//app.example.com",
	"//evil.example/%2f..",
	"//evil.example@app.example.com",
	"/\\evil.example",
	"\\/evil.example",
	"\\\\evil.example",
	"\\evil.example",
	"/\\/evil.example",
	"/\\\\evil.example",
	"//\\evil.example",
	/* what browsers leave out, or read as something else */
	"/\t/evil.example",
	"\t//evil.example",
	"/\n/evil.example",
	"/\r/evil.example",
	" //evil.example",
	" https://app.example.com",
	"https://app.example.com ",
	"https://app.example.com\t.evil.example",
	"ht\ntps://evil.example",
	"\x01//evil.example",
	"\x7f//evil.example",
	"/a\r\nSet-Cookie: x=y",
	"/a b",
	"/<script>",
	"/\"onload=\"",
	"/caf\xc3\xa9",
	"/\xef\xbc\x8f" "evil.example", /* a fullwidth solidus */
	"\xe3\x80\x82",                 /* an ideographic full stop */
	/* schemes */
	"https:evil.example",
	"https:/evil.example",
	"https:///evil.example",
	"https:\\\\evil.example",
	"http:evil.example",
	"https:app.example.com",
	"https:/app.example.com",
	"https:///app.example.com",
	"javascript:alert(1)",
	"JavaScript:alert(1)",
	"javascript://app.example.com/%0aalert(1)",
	"data:text/html,x",
	"data://app.example.com/",
	"vbscript:x",
	"blob:https://app.example.com/x",
	"view-source:https://app.example.com/",
	"file:///etc/passwd",
	"ftp://app.example.com/",
	"http://app.example.com/",
	"HTTPS://app.example.com/",
	"https//app.example.com/",
	"://app.example.com/",
	":",
	/* what begins as we do */
	"https://app.example.com.evil.example",
	"https://app.example.com.evil.example/",
	"https://app.example.com@evil.example",
	"https://app.example.com@evil.example/",
	"https://app.example.com:x@evil.example/",
	"https://app.example.com:443@evil.example/",
	"https://app.example.com:443",
	"https://app.example.com:/",
	"https://app.example.com:",
	"https://app.example.com:8444/",
	"https://app.example.com:84430/",
	"https://app.example.com:08443/",
	"https://app.example.com.",
	"https://app.example.com./",
	"https://app.example.comevil.example",
	"https://app.example.com-evil.example/",
	"https://app.example.com%2eevil.example/",
	"https://app.example.com%2f@evil.example/",
	"https://app.example.com%00.evil.example/",
	"https://app.example.com\\.evil.example/",
	"https://app.example.com\\@evil.example/",
	"https://app.example.com;evil.example/",
	"https://app.example.com,evil.example/",
	"https://app.example.com&evil.example/",
	"https://app.example.com?@evil.example/",
	"https://app.example.com#@evil.example/",
	"https://app.example.com?x",
	"https://app.example.com#x",
	/* user info, hosts */
	"https://evil.example",
	"https://evil.example/https://app.example.com/",
	"https://evil.example?https://app.example.com/",
	"https://evil.example#https://app.example.com/",
	"https://evil.example\\@app.example.com/",
	"https://user@app.example.com/",
	"https://user:pass@app.example.com/",
	"https://@app.example.com/",
	"https://:@app.example.com/",
	"https://evil.example%40app.example.com/",
	"https://evil.app.example.com/",
	"https://APP.example.com/",
	"https://app.example.com.:8443/",
	"https://example.com/",
	"https://app%2eexample.com/",
	"https://xn--pp-eka.example.com/",
	"https://\xd0\xb0pp.example.com/", /* a Cyrillic a */
	"https://app\xe3\x80\x82" "example.com/",
	"https://[::1]/",
	"https://[app.example.com]/",
	"https://[app.example.com/",
	"http://127.0.0.1/",
	"http://127.0.0.1:3001/",
	"http://127.0.0.1:3000@evil.example/",
	"http://2130706433:3000/",
	"http://0x7f.1:3000/",
	"http://127.1:3000/",
	"http://localhost:3000/",
	/* relative, and other paths that are none */
	"videos",
	"app.example.com",
	".",
	"..",
	"../evil",
	"?x",
	"#x",
	"@evil.example",
	"%2f%2fevil.example",
	"null",
};
/* clang-format on */

static void good_is_written_absolute(void **state)
{
	struct pk_buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!write_of(pk_str(good[i].text), &out))
			fail_msg("refused: %s", good[i].text);
		assert_text(pk_buf_str(&out), good[i].want);
	}
}

/* What is written is good again: the sign-in page hands it on to /login. */
static void what_passed_passes_again(void **state)
{
	char again[RETURN_TO_MAX];
	struct pk_buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct pk_buf second = pk_buf(again, sizeof(again));

		assert_true(write_of(pk_str(good[i].text), &out));
		assert_true(return_to_write(&settings, pk_buf_str(&out), &second));
		assert_text(pk_buf_str(&second), good[i].want);
	}
}

static void other_places_are_refused(void **state)
{
	struct pk_buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++)
		if (write_of(pk_str(evil[i]), &out))
			fail_msg("let through: %s", evil[i]);
}

static void a_nul_ends_nothing(void **state)
{
	struct pk_buf out;

	(void)state;
	assert_false(write_of(PK_STR("/a\0b"), &out));
	assert_false(write_of(PK_STR("\0//evil.example"), &out));
	assert_false(write_of(PK_STR("https://app.example.com\0.evil.example"), &out));
}

static void not_given_is_the_start_page(void **state)
{
	struct pk_buf out;

	(void)state;
	assert_true(write_of((struct pk_str){0}, &out));
	assert_text(pk_buf_str(&out), "https://app.example.com/");
}

/* RETURN_TO_MAX is what an attempt carries, so it bounds what is written and not what came. */
static void the_longest_fits_an_attempt(void **state)
{
	static char text[RETURN_TO_MAX + 2];
	const size_t room = RETURN_TO_MAX - settings.public_url.len;
	struct pk_buf out;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	assert_true(write_of((struct pk_str){text, room}, &out));
	assert_int_equal(out.len, RETURN_TO_MAX);
	assert_false(write_of((struct pk_str){text, room + 1}, &out));
	assert_false(write_of((struct pk_str){text, RETURN_TO_MAX}, &out));
	memcpy(text, settings.public_url.ptr, settings.public_url.len);
	text[settings.public_url.len] = '/';
	assert_true(write_of((struct pk_str){text, RETURN_TO_MAX}, &out));
	assert_false(write_of((struct pk_str){text, RETURN_TO_MAX + 1}, &out));
}

/* Whatever room the caller has. */
static void more_room_lets_no_more_through(void **state)
{
	static char text[RETURN_TO_MAX + 1], memory[4 * RETURN_TO_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	assert_false(return_to_write(&settings, (struct pk_str){text, RETURN_TO_MAX}, &out));
}

static void a_megabyte_is_refused(void **state)
{
	const size_t size = 1 << 20;
	char *text = malloc(size);
	struct pk_buf out;

	(void)state;
	assert_non_null(text);
	memset(text, '/', size);
	assert_false(write_of((struct pk_str){text, size}, &out));
	memset(text, 'a', size);
	text[0] = '/';
	assert_false(write_of((struct pk_str){text, size}, &out));
	free(text);
}

/* A list of origins that is empty allows one origin, not all. */
static void without_a_list_there_is_one_origin(void **state)
{
	const struct settings alone = {.public_url = PK_STR("http://127.0.0.1:4180")};
	char memory[RETURN_TO_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	assert_false(return_to_write(&alone, PK_STR("https://app.example.com/"), &out));
	assert_false(return_to_write(&alone, PK_STR("http://127.0.0.1:41800/"), &out));
	assert_true(return_to_write(&alone, PK_STR("http://127.0.0.1:4180/x"), &out));
	assert_text(pk_buf_str(&out), "http://127.0.0.1:4180/x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_is_written_absolute),
		cmocka_unit_test(what_passed_passes_again),
		cmocka_unit_test(other_places_are_refused),
		cmocka_unit_test(a_nul_ends_nothing),
		cmocka_unit_test(not_given_is_the_start_page),
		cmocka_unit_test(the_longest_fits_an_attempt),
		cmocka_unit_test(more_room_lets_no_more_through),
		cmocka_unit_test(a_megabyte_is_refused),
		cmocka_unit_test(without_a_list_there_is_one_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
