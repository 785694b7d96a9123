/*
 * `proofkey grants`: what the vault of a running gateway holds, without tokens, and the end of a
 * grant. It asks the broker, as any program with a key does, and so sees what that key may.
 */
#include "cli/cli.h"
#include "base/encode.h"
#include "base/text.h"
#include "cli/answer.h"
#include "cli/broker_client.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char command[] = "proofkey grants";

#define CONFIG_DEFAULT "/etc/proofkey/proofkey.conf"

/* clang-format off */
static const char help[] =
	"usage: proofkey grants list [--config FILE] [--key NAME] [--login L] [--subject S] [--json]\n"
	"       proofkey grants revoke --login L --subject S [--config FILE] [--key NAME]\n"
	"\n"
	"Shows the grants that a running gateway holds, never their tokens; or ends one: the\n"
	"provider is asked to forget its tokens, and the vault forgets it.\n"
	"\n"
	"  --config FILE      the gateway's configuration, which says where its broker is\n"
	"                     (" CONFIG_DEFAULT ")\n"
	"  --key NAME         the broker_key to use, and so the logins that are seen; the first one\n"
	"                     of the configuration where it is not given\n"
	"  --login L          of this login\n"
	"  --subject S        of this subject, as the provider calls the person\n"
	"  --json             one JSON object, with all that is known of each grant\n"
	"  --help             this text\n"
	"\n"
	"The secret of a key is its owner's to read: run this as the user of the gateway.\n"
	"\n"
	"example:\n"
	"  proofkey grants revoke --login work --subject 00u1abc\n"
	"\n"
	"Exit status: 0, 1 when the broker said no or did not answer, 2 for wrong usage.\n";
/* clang-format on */

struct options {
	const char *config;
	const char *key;
	const char *login;
	const char *subject;
	bool json;
};

/* What the broker said when it did not do what was asked. */
static int refused(long status, const json_t *answer)
{
	char detail[256], fix[256];

	if (!json_is_object(answer))
		return answer_failed(command, "the broker answered %ld, without a reason", status);
	/* It says what a provider may have said. */
	pk_text_tame(detail, sizeof(detail),
		     pk_str(json_string_value(json_object_get(answer, "detail"))));
	pk_text_tame(fix, sizeof(fix), pk_str(json_string_value(json_object_get(answer, "fix"))));
	return answer_failed(command, "%s %s", detail, fix);
}

/* A text of a grant, with nothing in it that a terminal obeys; "-" for none. */
static void print_text(const json_t *grant, const char *name, int width)
{
	const json_t *value = json_object_get(grant, name);
	char text[256];

	pk_text_tame(text, sizeof(text),
		     (struct pk_str){json_string_value(value), json_string_length(value)});
	printf("%-*s  ", width, text[0] ? text : "-");
}

static void print_time(const json_t *grant, const char *name)
{
	const json_t *value = json_object_get(grant, name);
	const time_t at = (time_t)json_integer_value(value);
	char text[32] = "-";
	struct tm utc;

	if (json_is_integer(value) && gmtime_r(&at, &utc))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	printf("%-20s  ", text);
}

static void print_grant(const json_t *grant)
{
	print_text(grant, "login", 12);
	print_text(grant, "subject", 24);
	print_text(grant, "state", 8);
	print_time(grant, "expires_at");
	print_text(grant, "fault", 0);
	print_text(grant, "scope", 0);
	putchar('\n');
}

static void print_heading(void)
{
	printf("%-12s  %-24s  %-8s  %-20s  fault  scope\n", "login", "subject", "state", "expires");
}

static bool is_wanted(const json_t *grant, const char *subject)
{
	const char *name = json_string_value(json_object_get(grant, "subject"));

	return !subject || (name && strcmp(name, subject) == 0);
}

/* Moves the wanted grants of a page to `all`; the path of the next page, or "" after the last.
 * False when the answer is none of a broker's. */
static bool take_page(const json_t *page, const struct options *options, json_t *all,
		      char next[static 2048])
{
	const json_t *grants = json_object_get(page, "grants");
	const char *path = json_string_value(json_object_get(page, "next"));
	json_t *grant;
	size_t i;

	if (!json_is_array(grants) || (path && strlen(path) >= 2048))
		return false;
	json_array_foreach(grants, i, grant)
	{
		if (is_wanted(grant, options->subject) && json_array_append(all, grant) != 0)
			return false;
	}
	(void)snprintf(next, 2048, "%s", path ? path : "");
	return true;
}

static void print_all(json_t *all)
{
	json_t *grant;
	size_t i;

	if (json_array_size(all))
		print_heading();
	json_array_foreach(all, i, grant)
	{
		print_grant(grant);
	}
}

static int list(struct broker_client *client, const struct options *options)
{
	json_t *all = json_array(), *page = NULL;
	char path[2048], error[512];
	struct pk_buf first = pk_buf(path, sizeof(path) - 1);
	int status = ANSWER_YES;

	pk_buf_put(&first, PK_STR("/v1/grants?limit=100"));
	if (options->login)
		pk_form_put(&first, 0, PK_STR("login"), pk_str(options->login));
	path[first.len] = '\0';
	if (first.overflow)
		status = answer_failed(command, "no login has such a long name");
	while (status == ANSWER_YES && path[0]) {
		const long got =
			broker_client_ask(client, "GET", path, &page, error, sizeof(error));

		if (!got)
			status = answer_failed(command, "%s", error);
		else if (got != 200)
			status = refused(got, page);
		else if (!take_page(page, options, all, path))
			status = answer_failed(command, "the answer is none of a broker's");
		json_decref(page);
	}
	if (status == ANSWER_YES && options->json)
		return answer_json(command, json_pack("{s:o}", "grants", all), status);
	if (status == ANSWER_YES)
		print_all(all);
	json_decref(all);
	return answer_end(command, status);
}

static int revoke(struct broker_client *client, const struct options *options)
{
	char path[2048], error[512];
	struct pk_buf out = pk_buf(path, sizeof(path) - 1);
	json_t *answer = NULL;
	long got;
	int status;

	pk_buf_put(&out, PK_STR("/v1/grants/"));
	pk_percent_encode(&out, pk_str(options->login));
	pk_buf_char(&out, '/');
	pk_percent_encode(&out, pk_str(options->subject));
	if (out.overflow)
		return answer_failed(command, "no grant has such long names");
	path[out.len] = '\0';
	got = broker_client_ask(client, "DELETE", path, &answer, error, sizeof(error));
	if (!got)
		status = answer_failed(command, "%s", error);
	else
		status = got == 204 ? ANSWER_YES : refused(got, answer);
	json_decref(answer);
	return status;
}

/* Fills `ret`; a number that is not negative is the exit status. */
static int read_options(int argc, char **argv, struct options *ret)
{
	/* clang-format off */
	static const struct option known[] = {
		{"config",  required_argument, NULL, 'c'},
		{"key",     required_argument, NULL, 'k'},
		{"login",   required_argument, NULL, 'l'},
		{"subject", required_argument, NULL, 's'},
		{"json",    no_argument,       NULL, 'j'},
		{"help",    no_argument,       NULL, 'h'},
		{0},
	};
	/* clang-format on */
	int got;

	*ret = (struct options){.config = CONFIG_DEFAULT};
	while ((got = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (got) {
		case 'c':
			ret->config = optarg;
			break;
		case 'k':
			ret->key = optarg;
			break;
		case 'l':
			ret->login = optarg;
			break;
		case 's':
			ret->subject = optarg;
			break;
		case 'j':
			ret->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return answer_end(command, ANSWER_YES);
		default:
			return answer_option(command, got, argv);
		}
	}
	return -1;
}

int grants_main(int argc, char **argv)
{
	struct options options;
	struct broker_client *client;
	char error[512];
	const int read = read_options(argc, argv, &options);
	bool is_list;
	int status;

	if (read >= 0)
		return read;
	if (argc - optind != 1)
		return answer_usage(command, "it is `proofkey grants list` or `revoke`");
	is_list = strcmp(argv[optind], "list") == 0;
	if (!is_list && strcmp(argv[optind], "revoke") != 0)
		return answer_usage(command, "it lists and revokes; there is no \"%s\"",
				    argv[optind]);
	if (!is_list && (!options.login || !options.subject))
		return answer_usage(command, "revoke needs --login and --subject");
	client = broker_client_open(options.config, options.key, error, sizeof(error));
	if (!client)
		return answer_failed(command, "%s", error);
	status = is_list ? list(client, &options) : revoke(client, &options);
	broker_client_close(client);
	return status;
}
