/*
 * `proofkey provider lint`: whether a dialect file can be read and whether what it says is sound.
 * Beyond the reader's own rules this is advice: a file with findings still loads, except for the
 * first kind.
 */
#include "cli/provider.h"
#include "cli/answer.h"
#include "base/text.h"
#include "io/dialect_file.h"
#include "protocol/dialect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* One run over one file. */
struct lint {
	const struct dialect_file *file;
	json_t *findings;
	bool lost; /* a finding that could not be kept: no memory, or not UTF-8 */
};

/* The line on which `key` is given, 0 where it is not. */
static unsigned line_of(struct pk_str text, struct pk_str key)
{
	for (unsigned line = 1; text.ptr; line++) {
		struct pk_str statement = pk_str_cut(&text, '\n');

		if (pk_str_equal(pk_str_trim(pk_str_cut(&statement, '=')), key) && statement.ptr)
			return line;
	}
	return 0;
}

static void find(struct lint *lint, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void find(struct lint *lint, unsigned line, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (json_array_append_new(lint->findings, json_pack("{s:i, s:s}", "line", (int)line,
							    "message", message)) < 0)
		lint->lost = true;
}

/* The reader takes http on this machine, which is for trying things out. */
static void check_endpoints(struct lint *lint)
{
	for (size_t i = 0; i < pk_column_count; i++) {
		const struct pk_str key = pk_str(pk_columns[i].key);
		const struct pk_str *const url =
			(const void *)((const unsigned char *)&lint->file->dialect +
				       pk_columns[i].offset);

		if (pk_str_ends(key, PK_STR("_url")) && pk_str_starts(*url, PK_STR("http://")))
			find(lint, line_of(lint->file->text, key),
			     "%.*s: an endpoint begins with https:// (RFC 6749 3.1, 3.2)",
			     PK_ARG(key));
	}
}

/* A day that there is: written back by the calendar, it is the same text. */
static bool is_date(struct pk_str text)
{
	char given[16], back[16];
	struct tm day = {0};

	snprintf(given, sizeof(given), "%.*s", PK_ARG(text));

	const char *const end = strptime(given, "%Y-%m-%d", &day);

	if (!end || *end || text.len >= sizeof(given))
		return false;
	(void)timegm(&day);
	strftime(back, sizeof(back), "%Y-%m-%d", &day);
	return strcmp(given, back) == 0;
}

static void check_date(struct lint *lint)
{
	if (!is_date(lint->file->dialect.checked))
		find(lint, line_of(lint->file->text, PK_STR("checked")),
		     "checked: the day on which somebody looked, as YYYY-MM-DD");
}

static bool is_key(const struct pk_dialect *dialect, struct pk_str key)
{
	if (pk_str_starts(key, PK_STR("error.")))
		return pk_dialect_refusal(dialect, pk_str_from(key, 6)) != NULL;
	for (size_t i = 0; i < pk_column_count; i++)
		if (pk_str_equal(key, pk_str(pk_columns[i].key)))
			return true;
	return false;
}

static void check_unconfirmed(struct lint *lint)
{
	const struct pk_dialect *dialect = &lint->file->dialect;

	for (size_t i = 0; i < dialect->unconfirmed.count; i++)
		if (!is_key(dialect, dialect->unconfirmed.item[i]))
			find(lint, line_of(lint->file->text, PK_STR("unconfirmed")),
			     "unconfirmed: there is no key %.*s in this file",
			     PK_ARG(dialect->unconfirmed.item[i]));
}

static void check_fragment_rule(struct lint *lint)
{
	if (!pk_list_has(&lint->file->dialect.redirect_rules, PK_STR("no-fragment")))
		find(lint, line_of(lint->file->text, PK_STR("redirect_rules")),
		     "redirect_rules: no-fragment is missing; no provider may take a fragment "
		     "(RFC 6749 3.1.2)");
}

static void check_scopes(struct lint *lint, const char *key, const struct pk_list *scopes)
{
	const struct pk_dialect *dialect = &lint->file->dialect;

	for (size_t i = 0; i < scopes->count; i++)
		if (!pk_list_has(&dialect->scopes, scopes->item[i]))
			find(lint, line_of(lint->file->text, pk_str(key)),
			     "%s: %.*s is not among the scopes", key, PK_ARG(scopes->item[i]));
}

static void check_scope_lists(struct lint *lint)
{
	check_scopes(lint, "scopes_fixed", &lint->file->dialect.scopes_fixed);
	check_scopes(lint, "scopes_required", &lint->file->dialect.scopes_required);
}

/* Whether `pair`, name=value, stands in a query. */
static bool has_pair(struct pk_str query, struct pk_str pair)
{
	while (query.ptr)
		if (pk_str_equal(pk_str_cut(&query, '&'), pair))
			return true;
	return false;
}

/* A scope is for whoever configures a login to ask for; any other parameter only the dialect can
 * send, and where it does not, no login ever gets a refresh token. */
static void check_refresh(struct lint *lint)
{
	const struct pk_dialect *dialect = &lint->file->dialect;
	const unsigned line = line_of(lint->file->text, PK_STR("refresh_asked_by"));
	struct pk_str value = dialect->refresh_asked_by;
	const struct pk_str name = pk_str_cut(&value, '=');

	if (!dialect->refresh_asked_by.len)
		return;
	if (!dialect->refresh_lifetime)
		find(lint, line, "refresh_asked_by: refresh_lifetime says that there are none");
	if (pk_str_equal(name, PK_STR("scope")) && !pk_list_has(&dialect->scopes, value))
		find(lint, line, "refresh_asked_by: %.*s is not among the scopes", PK_ARG(value));
	if (!pk_str_equal(name, PK_STR("scope")) &&
	    !has_pair(dialect->authorize_query, dialect->refresh_asked_by))
		find(lint, line,
		     "refresh_asked_by: authorize_query does not have %.*s, so no login of this "
		     "dialect gets a refresh token",
		     PK_ARG(dialect->refresh_asked_by));
}

static void (*const advice[])(struct lint *) = {
	check_date,          check_unconfirmed, check_endpoints,
	check_fragment_rule, check_scope_lists, check_refresh,
};

static int report(const struct provider_options *options, const struct lint *lint)
{
	const int status = json_array_size(lint->findings) ? ANSWER_NO : ANSWER_YES;

	if (options->json)
		return answer_json(options->command,
				   json_pack("{s:s, s:O}", "file", options->operand, "findings",
					     lint->findings),
				   status);
	for (size_t i = 0; i < json_array_size(lint->findings); i++) {
		const json_t *finding = json_array_get(lint->findings, i);

		printf("%s:%d: %s\n", options->operand,
		       (int)json_integer_value(json_object_get(finding, "line")),
		       json_string_value(json_object_get(finding, "message")));
	}
	return answer_end(options->command, status);
}

int provider_lint(const struct provider_options *options)
{
	struct dialect_file file;
	struct lint lint = {.file = &file};
	char error[512];
	int status;

	if (!dialect_load_path(options->operand, &file, error, sizeof(error)) &&
	    file.why.err == PK_OK)
		return answer_failed(options->command, "%s", error);
	lint.findings = json_array();
	if (file.why.err != PK_OK)
		find(&lint, file.why.line, "%s", file.why.detail);
	else
		for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
			advice[i](&lint);
	status = lint.lost ? answer_failed(options->command, "%s: it is not UTF-8 text",
					   options->operand)
			   : report(options, &lint);
	json_decref(lint.findings);
	dialect_file_free(&file);
	return status;
}
