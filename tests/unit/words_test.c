/*
 * What providers say: every row of words.def speaks of a fault that can be explained, the longest
 * text that fits counts, and words that are said for several faults name none.
 */
#include "setting.h"

#include "explain/words.h"

static const struct row {
	const char *error;
	const char *text;
	const char *fault;
} rows[] = {
#define PK_WORDS(product, error, text, fault) {error, text, fault},
#include "explain/words.def"
#undef PK_WORDS
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static unsigned char memory[1 << 16];
static struct pk_arena arena;

static struct flow flow_that_said(const char *error, const char *text)
{
	arena = pk_arena(memory, sizeof(memory));
	return (struct flow){
		.arena = &arena,
		.reply = {.visible = true, .error = pk_str(error), .text = pk_str(text)}};
}

static enum words said(const char *error, const char *text, const char *fault)
{
	const struct flow flow = flow_that_said(error, text);

	return words_on(&flow, fault, NULL);
}

static void every_row_is_of_a_fault(void **state)
{
	(void)state;
	assert_true(ROWS > 200);
	for (size_t i = 0; i < ROWS; i++) {
		if (!pk_fault_find(pk_str(rows[i].fault)))
			print_error("%s is no fault\n", rows[i].fault);
		assert_non_null(pk_fault_find(pk_str(rows[i].fault)));
		assert_true(rows[i].error[0] || rows[i].text[0]);
	}
}

static void no_row_stands_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(strcmp(rows[i].error, rows[j].error) == 0 &&
				     strcmp(rows[i].text, rows[j].text) == 0 &&
				     strcmp(rows[i].fault, rows[j].fault) == 0);
}

/* What is printed word for word is understood: no other row outweighs it. */
static void every_row_speaks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		if (said(rows[i].error, rows[i].text, rows[i].fault) == WORDS_SILENT)
			print_error("%s: %s says nothing of %s\n", rows[i].error, rows[i].text,
				    rows[i].fault);
		assert_int_not_equal(said(rows[i].error, rows[i].text, rows[i].fault),
				     WORDS_SILENT);
	}
}

static void one_meaning_names(void **state)
{
	(void)state;
	assert_int_equal(said("invalid_grant", "PKCE verification failed: Code mismatch",
			      "verifier-mismatch"),
			 WORDS_NAME);
	assert_int_equal(said("invalid_client", "", "secret-rejected"), WORDS_NAME);
	assert_int_equal(said("invalid_client", "Bad client credentials", "secret-rejected"),
			 WORDS_NAME);
}

static void several_meanings_allow(void **state)
{
	(void)state;
	assert_int_equal(said("invalid_grant", "grant request is invalid", "verifier-mismatch"),
			 WORDS_ALLOW);
	assert_int_equal(said("invalid_grant", "grant request is invalid", "client-auth-twice"),
			 WORDS_SILENT);
	assert_int_equal(said("invalid_grant", "Code not valid", "code-expired"), WORDS_ALLOW);
}

static void the_longest_text_counts(void **state)
{
	static const char method[] = "Missing parameter: code_challenge_method";

	(void)state;
	assert_int_equal(said("invalid_request", method, "method-missing"), WORDS_NAME);
	assert_int_equal(said("invalid_request", method, "challenge-missing"), WORDS_SILENT);
	assert_int_equal(said("invalid_client", "Client authentication failed: credentials",
			      "secret-missing"),
			 WORDS_NAME);
	assert_int_equal(said("invalid_client", "Client authentication failed: credentials",
			      "secret-rejected"),
			 WORDS_SILENT);
}

static void letters_in_either_case(void **state)
{
	(void)state;
	assert_int_equal(said("invalid_grant", "INVALID CODE VERIFIER.", "verifier-mismatch"),
			 WORDS_NAME);
	assert_int_equal(said("INVALID_CLIENT", "", "secret-rejected"), WORDS_SILENT);
}

/* A hint stands beside a description that is said for everything. */
static void hints(void **state)
{
	struct flow flow = flow_that_said("invalid_grant", "The grant is invalid.");

	(void)state;
	assert_int_equal(words_on(&flow, "verifier-mismatch", NULL), WORDS_SILENT);
	flow.reply.also = PK_STR("Failed to verify `code_verifier`.");
	assert_int_equal(words_on(&flow, "verifier-mismatch", NULL), WORDS_NAME);
}

static void nothing_was_said(void **state)
{
	struct flow flow = flow_that_said("", "");

	(void)state;
	assert_int_equal(words_on(&flow, "secret-rejected", NULL), WORDS_SILENT);
	flow = flow_that_said("invalid_client", "");
	flow.reply.visible = false;
	assert_int_equal(words_on(&flow, "secret-rejected", NULL), WORDS_SILENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_of_a_fault),
		cmocka_unit_test(no_row_stands_twice),
		cmocka_unit_test(every_row_speaks),
		cmocka_unit_test(one_meaning_names),
		cmocka_unit_test(several_meanings_allow),
		cmocka_unit_test(the_longest_text_counts),
		cmocka_unit_test(letters_in_either_case),
		cmocka_unit_test(hints),
		cmocka_unit_test(nothing_was_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
