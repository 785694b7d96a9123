/*
 * `proofkey serve`: the command line of the gateway, and the doors through which its processes come
 * in.
 */
#include "gateway/serve.h"
#include "gateway/broker.h"
#include "gateway/config.h"
#include "gateway/front.h"
#include "gateway/keeper.h"
#include "gateway/supervisor.h"
#include "io/confine.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
	"usage: proofkey serve --config FILE [--check-config]\n"
	"\n"
	"Runs the gateway: sign-in page, login at the providers, session cookie, and the checks "
	"that nginx, Traefik, Caddy and Envoy\n"
	"ask before they let a request pass.\n"
	"\n"
	"  --config FILE    the configuration, see proofkey.conf(5)\n"
	"  --check-config   read it, say what is wrong with it, and start nothing\n"
	"  --help           this text\n"
	"\n"
	"SIGTERM finishes what is under way and stops; SIGHUP reads the configuration again and "
	"loses no request.\n"
	"The log goes to stderr, a line for each event, and never holds a code, token, secret or "
	"cookie.\n"
	"\n"
	"  proofkey keys new keys && proofkey serve --config proofkey.conf\n";

static int check_config(const char *file)
{
	char error[512];
	struct config *config = config_load(file, error, sizeof(error));

	if (!config) {
		fprintf(stderr, "proofkey: %s\n", error);
		return 1;
	}
	printf("%s: %zu logins, good\n", file, config_settings(config)->login_count);
	config_free(config);
	return 0;
}

int serve_main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		/* The supervisor starts its children with these; they are of no use without the
		 * descriptors that come with them. */
		{"front", no_argument, NULL, 'F'},
		{"keeper", no_argument, NULL, 'K'},
		{"broker", no_argument, NULL, 'B'},
		{0},
	};
	const char *config = NULL;
	bool check = false;
	int option;

	if (!confine_memory()) {
		perror("proofkey: cannot keep its memory to itself");
		return 1;
	}
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'F':
			return front_main();
		case 'K':
			return keeper_main();
		case 'B':
			return broker_main();
		default:
			fputs("`proofkey serve --help` explains the options\n", stderr);
			return 2;
		}
	}
	if (!config || optind < argc) {
		fputs(help, stderr);
		return 2;
	}
	return check ? check_config(config) : supervisor_main(config);
}
