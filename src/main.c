/* The program: a table of subcommands. Each lives in the layer that it belongs to; this file is
 * above them all. */
#include "cli/cli.h"
#include "gateway/serve.h"
#include "sandbox/sandbox.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"demo",     demo_main,     "start a sandbox and a gateway, and log in to see how it works"},
	{"serve",    serve_main,    "run the gateway: login, session, check for nginx, Traefik, Caddy, Envoy"},
	{"sandbox",  sandbox_main,  "run an authorization server that behaves like the real providers"},
	{"pkce",     pkce_main,     "make a verifier and its challenge, or hold one against the other"},
	{"explain",  explain_main,  "say why a login failed, and what to change"},
	{"provider", provider_main, "list, show and check the providers' dialects"},
	{"grants",   grants_main,   "show what a running gateway holds for people, renew it, and take it back"},
	{"keys",     keys_main,     "make and rotate the key ring that seals cookies and tokens"},
};
/* clang-format on */

static void print_help(FILE *out)
{
	fputs("usage: proofkey COMMAND [OPTION]...\n"
	      "\n"
	      "Logs people in with OAuth 2.0 Authorization Code + PKCE, the way each provider "
	      "wants it.\n"
	      "\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`proofkey COMMAND --help` explains a command. `proofkey --version` prints the "
	      "version.\n",
	      out);
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0) {
		fputs("proofkey: libsodium did not start\n", stderr);
		return 1;
	}
	if (argc < 2) {
		print_help(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("proofkey " PROOFKEY_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "proofkey: there is no command \"%s\"; `proofkey --help` lists them\n",
		argv[1]);
	return 2;
}
