/*
 * `proofkey provider check`: whether a provider would register these redirect URIs. Tells every
 * rule that is broken, not only the first: each may cost a person a round through a provider's
 * review.
 */
#include "cli/provider.h"
#include "cli/answer.h"
#include "base/text.h"
#include "io/dialect_file.h"

#include <stdio.h>

struct check {
	const struct provider_options *options;
	struct pk_dialect one_rule; /* the dialect with the rule that is looked at and no other */
	json_t *broken;
	bool lost; /* a broken rule found no memory, or its URI is not UTF-8 */
};

static void note_broken(struct check *check, struct pk_str uri, const char *message)
{
	json_t *const broken = json_pack("{s:o, s:o, s:s}", "redirect_uri",
					 uri.ptr ? answer_json_text(uri) : json_null(), "rule",
					 answer_json_text(check->one_rule.redirect_rules.item[0]),
					 "message", message);

	if (json_array_append_new(check->broken, broken) < 0)
		check->lost = true;
}

/* Holds all URIs against one rule. What each of them keeps alone and all break together is a rule
 * about their number. */
static void check_rule(struct check *check)
{
	const struct provider_options *options = check->options;
	bool each_keeps_it = true;

	for (size_t i = 0; i < options->uri_count; i++) {
		struct pk_why why = {0};

		if (pk_redirect_uris_check(&check->one_rule, &options->uri[i], 1, &why) == PK_OK)
			continue;
		each_keeps_it = false;
		note_broken(check, options->uri[i], why.detail);
	}

	struct pk_why why = {0};

	if (each_keeps_it && pk_redirect_uris_check(&check->one_rule, options->uri,
						    options->uri_count, &why) != PK_OK)
		note_broken(check, (struct pk_str){0}, why.detail);
}

static void print_kept(const struct provider_options *options, const struct pk_dialect *dialect)
{
	char memory[1024];
	struct pk_buf rules = pk_buf(memory, sizeof(memory));

	pk_buf_join(&rules, &dialect->redirect_rules, PK_STR(", "));
	for (size_t i = 0; i < options->uri_count; i++)
		printf("%.*s keeps the rules of %.*s: %.*s\n", PK_ARG(options->uri[i]),
		       PK_ARG(dialect->title), PK_ARG(pk_buf_str(&rules)));
}

static int report(const struct check *check, const struct pk_dialect *dialect)
{
	const struct provider_options *options = check->options;
	const bool valid = json_array_size(check->broken) == 0;
	const int status = valid ? ANSWER_YES : ANSWER_NO;

	if (options->json)
		return answer_json(options->command,
				   json_pack("{s:o, s:b, s:O}", "provider",
					     answer_json_text(dialect->name), "valid", valid,
					     "broken", check->broken),
				   status);
	for (size_t i = 0; i < json_array_size(check->broken); i++) {
		const json_t *broken = json_array_get(check->broken, i);

		printf("%s: %s\n", json_string_value(json_object_get(broken, "rule")),
		       json_string_value(json_object_get(broken, "message")));
	}
	if (valid)
		print_kept(options, dialect);
	return answer_end(options->command, status);
}

int provider_check(const struct provider_options *options)
{
	struct dialect_file file;
	struct check check = {.options = options};
	char error[512];
	int status;

	if (!options->uri_count)
		return answer_usage(options->command, "check needs --redirect-uri URI");
	if (!dialect_load(options->directory, pk_str(options->operand), &file, error,
			  sizeof(error)))
		return answer_failed(options->command, "%s", error);

	const struct pk_list *rules = &file.dialect.redirect_rules;

	check.broken = json_array();
	check.one_rule = file.dialect;
	for (size_t i = 0; i < rules->count; i++) {
		check.one_rule.redirect_rules =
			(struct pk_list){.item = {rules->item[i]}, .count = 1};
		check_rule(&check);
	}
	status = check.lost ? answer_failed(options->command, "a redirect URI is not UTF-8 text")
			    : report(&check, &file.dialect);
	json_decref(check.broken);
	dialect_file_free(&file);
	return status;
}
