/* Reports: what a person reads and what a program reads, and that no secret gets into either. */
#include "setting.h"

#include "proofkey_explain.h"

#include <jansson.h>
#include <stdlib.h>

static const struct pk_event events[] = {
	{.kind = PK_EVENT_AUTHORIZE},
	{.kind = PK_EVENT_CALLBACK},
	{.kind = PK_EVENT_TOKEN},
};
static const struct pk_capture capture = {.event = events, .count = 3};

static struct pk_str write_text(const struct pk_report *report, bool show_secrets)
{
	static char memory[1 << 18];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	pk_report_text(report, show_secrets, &out);
	assert_false(out.overflow);
	return pk_buf_str(&out);
}

static struct pk_str write_json(const struct pk_report *report, bool show_secrets)
{
	static char memory[1 << 18];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	pk_report_json(report, show_secrets, &out);
	assert_false(out.overflow);
	return pk_buf_str(&out);
}

/* A report with one finding that shows one value. */
static struct pk_report report_of(const char *fault, const char *parameter, struct pk_str got,
				  struct pk_str want, bool secret)
{
	struct pk_report report = {.capture = &capture, .finding_count = 1};

	report.finding[0] = (struct pk_finding){
		.fault = pk_fault_find(pk_str(fault)),
		.evidence = {{.event = 2,
			      .parameter = parameter,
			      .got = got,
			      .want = want,
			      .secret = secret}},
		.evidence_count = 1,
	};
	assert_non_null(report.finding[0].fault);
	return report;
}

static struct pk_str text_of(const char *got, const char *want)
{
	const struct pk_report report =
		report_of("redirect-uri-differs", "redirect_uri", pk_str(got), pk_str(want), false);

	return write_text(&report, false);
}

static void assert_has(struct pk_str text, const char *needle)
{
	if (!text_has(text, needle))
		fail_msg("\"%s\" is not in:\n%.*s", needle, (int)text.len, text.ptr);
}

static void assert_has_not(struct pk_str text, const char *needle)
{
	if (text_has(text, needle))
		fail_msg("\"%s\" is in:\n%.*s", needle, (int)text.len, text.ptr);
}

/* Every line is printable ASCII and fits. */
static void assert_fits(struct pk_str text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.len; i++) {
		column = text.ptr[i] == '\n' ? 0 : column + 1;
		assert_true(text.ptr[i] == '\n' || (text.ptr[i] >= ' ' && text.ptr[i] <= '~'));
		if (column > 80)
			fail_msg("a line is longer than 80:\n%.*s", (int)text.len, text.ptr);
	}
}

static void a_difference_is_marked_under_it(void **state)
{
	(void)state;
	assert_has(text_of("https://a.example/cb/", "https://a.example/cb"),
		   "    got    https://a.example/cb/\n"
		   "    want   https://a.example/cb\n"
		   "                               ^\n");
	assert_has(text_of("http://a.example/cb", "https://a.example/cb"),
		   "    got    http://a.example/cb\n"
		   "    want   https://a.example/cb\n"
		   "               ^\n");
	assert_has(text_of("abcdef", "aBcdEf"), "    got    abcdef\n"
						"    want   aBcdEf\n"
						"            ^  ^\n");
	assert_has_not(text_of("same", "same"), "^");
}

static void what_is_not_there_is_told_from_what_is_empty(void **state)
{
	(void)state;
	assert_has(text_of(NULL, "https://a.example/cb"), "    got    (not there)\n");
	assert_has(text_of("", "https://a.example/cb"), "    got    (empty)\n");
	assert_has_not(text_of("", "https://a.example/cb"), "^");
	assert_has_not(text_of("x", NULL), "want");
}

static void a_long_value_is_shown_around_its_first_difference(void **state)
{
	char got[400], want[400];
	struct pk_str text;

	(void)state;
	memset(got, 'x', sizeof(got) - 1);
	got[sizeof(got) - 1] = '\0';
	memcpy(want, got, sizeof(want));
	got[300] = 'G';
	want[300] = 'W';
	text = text_of(got, want);
	assert_fits(text);
	assert_has(text, "    got    ...xxxxxxxxxxxxxxxxxxxxGxxx");
	assert_has(text, "    want   ...xxxxxxxxxxxxxxxxxxxxWxxx");
	assert_has(text, "\n                                  ^\n");
	assert_has(text, "x...\n");
}

static void hostile_text_moves_no_cursor(void **state)
{
	const struct pk_str hostile = PK_STR("a\x1b[31m\r\n\0\xff\"\\b");
	const struct pk_report report =
		report_of("redirect-uri-differs", "redirect_uri", hostile, PK_STR("a"), false);
	const struct pk_str text = write_text(&report, false), json = write_json(&report, false);
	json_error_t error;
	json_t *parsed;

	(void)state;
	assert_fits(text);
	assert_has(text, "a\\x1b[31m\\x0d\\x0a\\x00\\xff\"\\b");
	parsed = json_loadb(json.ptr, json.len, 0, &error);
	assert_non_null(parsed);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(
				json_object_get(
					json_array_get(json_object_get(parsed, "findings"), 0),
					"evidence"),
				0),
			"got")),
		"a\\x1b[31m\\x0d\\x0a\\x00\\xff\"\\b");
	json_decref(parsed);
}

static void a_secret_is_shortened_unless_asked_for(void **state)
{
	static const char secret[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	const struct pk_report report = report_of("verifier-mismatch", "code_verifier",
						  pk_str(secret), (struct pk_str){0}, true);

	(void)state;
	/* The SHA-256 of this verifier begins with 13d31e96: it is RFC 7636, Appendix B. */
	assert_has(write_text(&report, false), "dBjf... (43 characters, sha256 13d31e96)");
	assert_has(write_json(&report, false), "dBjf... (43 characters, sha256 13d31e96)");
	assert_has_not(write_text(&report, false), "dBjft");
	assert_has_not(write_json(&report, false), "dBjft");
	assert_has(write_text(&report, true), secret);
	assert_has(write_json(&report, true), secret);
}

static void of_a_short_secret_nothing_is_shown(void **state)
{
	const struct pk_report eleven = report_of("verifier-too-short", "code_verifier",
						  PK_STR("hunter2-abc"), (struct pk_str){0}, true);
	const struct pk_report empty = report_of("verifier-too-short", "code_verifier", PK_STR(""),
						 (struct pk_str){0}, true);
	const struct pk_report hostile =
		report_of("verifier-too-short", "code_verifier", PK_STR("\x1b[31mxxxxxxxxxx"),
			  (struct pk_str){0}, true);

	(void)state;
	assert_has_not(write_text(&eleven, false), "hunt");
	assert_has(write_text(&eleven, false), "    got    (11 characters, sha256 ");
	assert_has(write_text(&empty, false), "(0 characters, sha256 e3b0c442)");
	assert_has(write_text(&hostile, false), "\\x1b[31... (15 characters");
}

static void secrets_are_compared_by_length_and_hash_alone(void **state)
{
	const struct pk_report report =
		report_of("code-altered", "code", PK_STR("0123456789abcdefghij-one"),
			  PK_STR("0123456789abcdefghij-two"), true);
	const struct pk_str text = write_text(&report, false);

	(void)state;
	assert_has_not(text, "456");
	assert_has_not(text, "-one");
	assert_has(text, "    got    0123... (24 characters, sha256 ");
	assert_has(text, "    want   0123... (24 characters, sha256 ");
}

static void a_report_without_findings_says_so(void **state)
{
	struct pk_report report = {.capture = &capture,
				   .checked = {"code-altered", "redirect-uri-differs"},
				   .checked_count = 2,
				   .not_visible = {"callback"},
				   .not_visible_count = 1,
				   .pair_is_right = true};
	const struct pk_str text = write_text(&report, false);

	(void)state;
	assert_true(memcmp(text.ptr, "no fault found\n", 15) == 0);
	assert_has(text, "The pair is right");
	assert_has(text, "(2):\n  code-altered redirect-uri-differs\n");
	assert_has(text, "--callback URL");
	assert_text(write_json(&report, false), "{\n"
						"  \"version\": 1,\n"
						"  \"provider\": null,\n"
						"  \"verdict\": null,\n"
						"  \"confidence\": null,\n"
						"  \"pair\": \"right\",\n"
						"  \"findings\": [],\n"
						"  \"checked\": [\n"
						"    \"code-altered\",\n"
						"    \"redirect-uri-differs\"\n"
						"  ],\n"
						"  \"not_visible\": [\n"
						"    \"callback\"\n"
						"  ]\n"
						"}\n");
}

static void a_finding_is_an_object_of_its_own(void **state)
{
	struct pk_report report =
		report_of("redirect-uri-missing", "redirect_uri", pk_str(NULL), PK_STR("x"), false);

	(void)state;
	report.finding[0].confidence = PK_LIKELY;
	report.finding[0].detail = PK_STR("In this very case.");
	report.finding[0].evidence[0].event = -1;
	assert_text(write_json(&report, false),
		    "{\n"
		    "  \"version\": 1,\n"
		    "  \"provider\": null,\n"
		    "  \"verdict\": \"redirect-uri-missing\",\n"
		    "  \"confidence\": \"likely\",\n"
		    "  \"findings\": [\n"
		    "    {\n"
		    "      \"fault\": \"redirect-uri-missing\",\n"
		    "      \"confidence\": \"likely\",\n"
		    "      \"blame\": \"client\",\n"
		    "      \"title\": \"The request has no redirect_uri.\",\n"
		    "      \"detail\": \"In this very case.\",\n"
		    "      \"evidence\": [\n"
		    "        {\n"
		    "          \"event\": null,\n"
		    "          \"parameter\": \"redirect_uri\",\n"
		    "          \"got\": null,\n"
		    "          \"want\": \"x\"\n"
		    "        }\n"
		    "      ],\n"
		    "      \"fix\": \"Send it, in both requests.\",\n"
		    "      \"reference\": \"RFC 6749 4.1.3\"\n"
		    "    }\n"
		    "  ],\n"
		    "  \"checked\": [],\n"
		    "  \"not_visible\": []\n"
		    "}\n");
}

/* Each fault of the list, with everything that a report can have. */
static void every_fault_can_be_told(void **state)
{
	size_t count = 0;

	(void)state;
	for (; pk_fault_at(count); count++) {
		const struct pk_fault *fault = pk_fault_at(count);
		struct pk_report report =
			report_of(fault->id, "x", PK_STR("got"), PK_STR("want"), false);
		struct pk_str text;

		report.finding[1] = report.finding[0];
		report.finding[1].confidence = PK_POSSIBLE;
		report.finding_count = 2;
		text = write_text(&report, false);
		assert_has(text, fault->id);
		assert_has(text, "Fix ");
		assert_has(text, "Whose move ");
		assert_has(text, "possible,");
	}
	assert_true(count > 100);
}

/* The longest report that can be: it has to fit what callers are told. */
static void no_report_is_longer_than_it_may_be(void **state)
{
	const size_t size = 100000;
	char *const value = malloc(size), *const memory = malloc(PK_REPORT_MAX);
	struct pk_report *const report = calloc(1, sizeof(*report));
	struct pk_buf out = pk_buf(memory, PK_REPORT_MAX);

	(void)state;
	assert_non_null(value);
	assert_non_null(memory);
	assert_non_null(report);
	memset(value, 0xff, size);
	*report = report_of("code-altered", "code", (struct pk_str){value, size},
			    (struct pk_str){value, size - 1}, true);
	report->finding[0].detail = (struct pk_str){value, size};
	for (size_t i = 1; i < PK_EVIDENCE_MAX; i++)
		report->finding[0].evidence[i] = report->finding[0].evidence[0];
	report->finding[0].evidence_count = PK_EVIDENCE_MAX;
	for (size_t i = 1; i < PK_FINDINGS_MAX; i++)
		report->finding[i] = report->finding[0];
	report->finding_count = PK_FINDINGS_MAX;
	pk_report_json(report, true, &out);
	assert_false(out.overflow);
	assert_has(pk_buf_str(&out), "... (100000 characters)");
	out = pk_buf(memory, PK_REPORT_MAX);
	pk_report_text(report, true, &out);
	assert_false(out.overflow);
	free(report);
	free(memory);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_difference_is_marked_under_it),
		cmocka_unit_test(what_is_not_there_is_told_from_what_is_empty),
		cmocka_unit_test(a_long_value_is_shown_around_its_first_difference),
		cmocka_unit_test(hostile_text_moves_no_cursor),
		cmocka_unit_test(a_secret_is_shortened_unless_asked_for),
		cmocka_unit_test(of_a_short_secret_nothing_is_shown),
		cmocka_unit_test(secrets_are_compared_by_length_and_hash_alone),
		cmocka_unit_test(a_report_without_findings_says_so),
		cmocka_unit_test(a_finding_is_an_object_of_its_own),
		cmocka_unit_test(every_fault_can_be_told),
		cmocka_unit_test(no_report_is_longer_than_it_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
