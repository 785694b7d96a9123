/* The command line of the sandbox. It is the operator's, so it is believed once it can be read. */
#include "sandbox/options.h"
#include "base/text.h"
#include "io/dialect_file.h"
#include "protocol/redirect_uri.h"
#include "sandbox/faults.h"

#include <getopt.h>
#include <stdio.h>

#define TTL_MAX 31622400 /* seconds: a year */

static const char help[] =
	"usage: proofkey sandbox [OPTION]...\n"
	"\n"
	"Runs an authorization server that behaves, and refuses, like each provider whose dialect\n"
	"it reads. Nothing in it is real: everybody knows its clients, its users and its secret.\n"
	"\n"
	"  --listen ADDRESS:PORT   where it listens (127.0.0.1:9400); port 0 takes a free one\n"
	"  --auto-approve          no consent page: ada logs in, or whom login_hint names\n"
	"  --code-ttl SECONDS      how long a code lives, instead of what the dialect says\n"
	"  --access-ttl SECONDS    how long an access token lives, likewise\n"
	"  --refresh-ttl SECONDS   how long a refresh token lives, likewise\n"
	"  --fault ID              gets this wrong, always; may be given 32 times\n"
	"  --redirect-uri URI      also registered, byte for byte; may be given 32 times\n"
	"  --backchannel-logout-uri URI  where logout tokens are posted\n"
	"  --dpop-nonce            DPoP proofs must hold a nonce that the sandbox gave\n"
	"  --providers DIR         dialect files that replace or join those built in\n"
	"  --help                  this text\n"
	"\n"
	"Clients: sandbox-client with the secret sandbox-secret, and sandbox-public without one.\n"
	"Redirect URIs: any on a loopback address. Users: ada, grace, linus.\n"
	"\n"
	"example: proofkey sandbox --listen 127.0.0.1:9400 --auto-approve\n";

enum {
	OPT_LISTEN = 1,
	OPT_AUTO,
	OPT_CODE_TTL,
	OPT_ACCESS_TTL,
	OPT_REFRESH_TTL,
	OPT_FAULT,
	OPT_REDIRECT,
	OPT_BACKCHANNEL,
	OPT_DPOP_NONCE,
	OPT_PROVIDERS,
	OPT_HELP
};

/* clang-format off */
static const struct option options[] = {
	{"listen",       required_argument, NULL, OPT_LISTEN},
	{"auto-approve", no_argument,       NULL, OPT_AUTO},
	{"code-ttl",     required_argument, NULL, OPT_CODE_TTL},
	{"access-ttl",   required_argument, NULL, OPT_ACCESS_TTL},
	{"refresh-ttl",  required_argument, NULL, OPT_REFRESH_TTL},
	{"fault",        required_argument, NULL, OPT_FAULT},
	{"redirect-uri", required_argument, NULL, OPT_REDIRECT},
	{"backchannel-logout-uri", required_argument, NULL, OPT_BACKCHANNEL},
	{"dpop-nonce",   no_argument,       NULL, OPT_DPOP_NONCE},
	{"providers",    required_argument, NULL, OPT_PROVIDERS},
	{"help",         no_argument,       NULL, OPT_HELP},
	{NULL,           0,                 NULL, 0},
};
/* clang-format on */

static bool read_ttl(const char *option, const char *text, int64_t *ret)
{
	if (pk_str_number(pk_str(text), TTL_MAX, ret))
		return true;
	fprintf(stderr, "proofkey sandbox: %s takes a number of seconds, not \"%s\"\n", option,
		text);
	return false;
}

/* RFC 6749 3.1.2: absolute and without fragment. RFC 9700 2.6: no plain http but to this machine. */
static bool read_redirect_uri(const char *text, struct pk_list *ret)
{
	struct pk_uri parts;
	const bool sound = pk_uri_split(pk_str(text), &parts) && !parts.fragment.ptr;

	if (!sound ||
	    (pk_str_equal(parts.scheme, PK_STR("http")) && !pk_host_is_loopback(parts.host))) {
		fprintf(stderr,
			"proofkey sandbox: a redirect URI is absolute, has no fragment, and is "
			"http:// on a loopback address only; this is %s\n",
			text);
		return false;
	}
	if (pk_list_add(ret, pk_str(text)) != PK_OK) {
		fprintf(stderr, "proofkey sandbox: more than %d redirect URIs\n", PK_LIST_MAX);
		return false;
	}
	return true;
}

/* Back-Channel Logout 2.2: the client's own address; in clear to this machine only. */
static bool read_backchannel_uri(const char *text, const char **ret)
{
	struct pk_uri parts;

	if (pk_uri_split(pk_str(text), &parts) && !parts.fragment.ptr &&
	    (pk_str_equal(parts.scheme, PK_STR("https")) || pk_uri_is_loopback(pk_str(text)))) {
		*ret = text;
		return true;
	}
	fprintf(stderr,
		"proofkey sandbox: logout tokens are posted to an https:// URI, or to http:// on a "
		"loopback address; this is %s\n",
		text);
	return false;
}

static bool read_fault(const char *text, struct pk_list *ret)
{
	if (!fault_row_find(pk_str(text))) {
		fprintf(stderr,
			"proofkey sandbox: \"%s\" is no fault that it can produce; it has\n", text);
		for (size_t i = 0; fault_at(i); i++)
			fprintf(stderr, "  %s\n", fault_id(fault_at(i)));
		return false;
	}
	if (pk_list_add(ret, pk_str(text)) != PK_OK) {
		fprintf(stderr, "proofkey sandbox: more than %d faults\n", PK_LIST_MAX);
		return false;
	}
	return true;
}

static bool read_option(int option, struct options *ret)
{
	switch (option) {
	case OPT_LISTEN:
		ret->listen = optarg;
		return true;
	case OPT_AUTO:
		ret->auto_approve = true;
		return true;
	case OPT_CODE_TTL:
		return read_ttl("--code-ttl", optarg, &ret->code_ttl);
	case OPT_ACCESS_TTL:
		return read_ttl("--access-ttl", optarg, &ret->access_ttl);
	case OPT_REFRESH_TTL:
		return read_ttl("--refresh-ttl", optarg, &ret->refresh_ttl);
	case OPT_FAULT:
		return read_fault(optarg, &ret->faults);
	case OPT_REDIRECT:
		return read_redirect_uri(optarg, &ret->redirect_uris);
	case OPT_BACKCHANNEL:
		return read_backchannel_uri(optarg, &ret->backchannel_logout_uri);
	case OPT_DPOP_NONCE:
		ret->dpop_nonce = true;
		return true;
	case OPT_PROVIDERS:
		ret->providers = optarg;
		return true;
	default: /* getopt has said what is wrong */
		return false;
	}
}

bool options_read(int argc, char **argv, struct options *ret, int *ret_status)
{
	int option;

	*ret = (struct options){.listen = "127.0.0.1:9400",
				.providers = dialect_directory(),
				.code_ttl = -1,
				.access_ttl = -1,
				.refresh_ttl = -1};
	*ret_status = 2;
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(help, stdout);
			*ret_status = 0;
			return false;
		}
		if (!read_option(option, ret))
			return false;
	}
	if (optind < argc) {
		fprintf(stderr, "proofkey sandbox: \"%s\" is no option; --help lists them\n",
			argv[optind]);
		return false;
	}
	return true;
}
