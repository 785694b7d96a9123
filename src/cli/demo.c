/*
 * `proofkey demo`: a sandbox and a gateway that logs in there, as two processes of this program,
 * with everything they need in a directory that is gone afterwards. It lets anybody in, so it
 * listens on loopback only.
 */
#include "cli/cli.h"
#include "cli/answer.h"
#include "cli/demo_child.h"
#include "cli/demo_state.h"
#include "base/text.h"
#include "io/dialect_file.h"
#include "protocol/redirect_uri.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char command[] = "proofkey demo";

/* clang-format off */
static const char help[] =
	"usage: proofkey demo [--listen ADDRESS:PORT] [--sandbox-listen ADDRESS:PORT]\n"
	"                     [--auto-approve] [--state-dir DIR]\n"
	"\n"
	"Starts a sandbox, which behaves like the real providers, and a gateway with a login at\n"
	"each of them; says which page to open. Ctrl-C ends both.\n"
	"\n"
	"  --listen A:P          the gateway's loopback address and port; 127.0.0.1:8080\n"
	"  --sandbox-listen A:P  the sandbox's; 127.0.0.1:9400\n"
	"  --auto-approve        the sandbox lets its first user in without asking\n"
	"  --state-dir DIR       keep the keys, the vault and the configuration in DIR; without\n"
	"                        it they are in a temporary directory, removed at the end\n"
	"  --help                this text\n"
	"\n"
	"example:\n"
	"  proofkey demo --listen 127.0.0.1:8081 --state-dir ./demo\n"
	"\n"
	"Exit status: 0 when it was told to end, 1 when one of the two could not start or ended\n"
	"by itself, 2 for wrong usage.\n";
/* clang-format on */

#define START_SECONDS 20

enum { SANDBOX, GATEWAY, CHILDREN };

struct demo {
	const char *listen;
	const char *sandbox_listen;
	const char *state_directory;
	bool auto_approve;
	struct demo_state state;
	struct demo_child child[CHILDREN];
};

static bool is_loopback_address(const char *text)
{
	char memory[128];
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	struct pk_uri uri;
	int64_t port;

	pk_buf_put(&out, PK_STR("http://"));
	pk_buf_put(&out, pk_str(text));
	return !out.overflow && pk_uri_split(pk_buf_str(&out), &uri) &&
	       pk_host_is_loopback(uri.host) && pk_str_number(uri.port, 65535, &port) && port > 0 &&
	       !uri.path.len && !uri.query.ptr && !uri.fragment.ptr;
}

/* Fills `ret`; a number that is not negative is the exit status. */
static int read_options(int argc, char **argv, struct demo *ret)
{
	/* clang-format off */
	static const struct option known[] = {
		{"listen",         required_argument, NULL, 'l'},
		{"sandbox-listen", required_argument, NULL, 's'},
		{"auto-approve",   no_argument,       NULL, 'a'},
		{"state-dir",      required_argument, NULL, 'd'},
		{"help",           no_argument,       NULL, 'h'},
		{0},
	};
	/* clang-format on */
	int got;

	while ((got = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (got) {
		case 'l':
			ret->listen = optarg;
			break;
		case 's':
			ret->sandbox_listen = optarg;
			break;
		case 'a':
			ret->auto_approve = true;
			break;
		case 'd':
			ret->state_directory = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return answer_end(command, ANSWER_YES);
		default:
			return answer_option(command, got, argv);
		}
	}
	if (optind < argc)
		return answer_usage(command, "it takes options only");
	if (!is_loopback_address(ret->listen) || !is_loopback_address(ret->sandbox_listen))
		return answer_usage(command,
				    "a demo lets anybody in, so it listens on loopback only: "
				    "127.0.0.1:PORT or [::1]:PORT");
	return -1;
}

static bool start(struct demo *demo, const sigset_t *mask)
{
	const char *sandbox[8] = {"proofkey", "sandbox", "--listen", demo->sandbox_listen};
	size_t count = 4;
	const char *const gateway[] = {
		"proofkey", "serve", "--config", demo->state.config_file, NULL,
	};

	if (demo->auto_approve)
		sandbox[count++] = "--auto-approve";
	if (dialect_directory()) {
		sandbox[count++] = "--providers";
		sandbox[count++] = dialect_directory();
	}
	return demo_child_start(&demo->child[SANDBOX], sandbox, mask) &&
	       demo_child_start(&demo->child[GATEWAY], gateway, mask);
}

static int say_ended(const struct demo_child *child)
{
	if (WIFSIGNALED(child->status))
		return answer_failed(command, "the %s was ended by signal %d (%s)", child->name,
				     WTERMSIG(child->status), strsignal(WTERMSIG(child->status)));
	return answer_failed(command,
			     "the %s ended by itself with status %d; what it said stands "
			     "above",
			     child->name, WEXITSTATUS(child->status));
}

/* Waits for a signal, a tenth of a second at most unless `forever`. Gives the exit status when the
 * demo is to end, else -1. */
static int wait_a_moment(struct demo *demo, const sigset_t *signals, bool forever)
{
	const struct timespec tick = {.tv_nsec = 100000000};
	const int signal =
		forever ? sigwaitinfo(signals, NULL) : sigtimedwait(signals, NULL, &tick);

	if (signal == SIGINT || signal == SIGTERM)
		return ANSWER_YES;

	const struct demo_child *const ended = demo_child_ended(demo->child, CHILDREN);

	return ended ? say_ended(ended) : -1;
}

static int wait_until_up(struct demo *demo, const sigset_t *signals)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (const time_t end = now.tv_sec + START_SECONDS; now.tv_sec < end;) {
		const int status = wait_a_moment(demo, signals, false);

		if (status >= 0)
			return status;
		if (demo_healthy(demo->sandbox_listen) && demo_healthy(demo->listen))
			/* What answered is ours only if ours are still there. */
			return wait_a_moment(demo, signals, false);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	return answer_failed(command, "sandbox and gateway did not answer within %d seconds",
			     START_SECONDS);
}

static int say_welcome(const struct demo *demo)
{
	printf("Open  http://%s/  and sign in with any of the providers there.\n"
	       "\n"
	       "  http://%s/me            who is signed in, as JSON\n"
	       "  http://%s/check/nginx   what a web server asks before it lets a request pass\n"
	       "  http://%s/              the providers, as the sandbox plays them\n"
	       "\n"
	       "%s"
	       "The configuration is %s%s.\n"
	       "Ctrl-C ends the demo.\n",
	       demo->listen, demo->listen, demo->listen, demo->sandbox_listen,
	       demo->auto_approve
		       ? ""
		       : "Decline on a provider's page, too, and read what the gateway says.\n",
	       demo->state.config_file, demo->state.temporary ? ", removed at the end" : "");
	return answer_end(command, -1);
}

static int run(struct demo *demo)
{
	sigset_t signals, before;
	int status = -1;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (start(demo, &before))
		status = wait_until_up(demo, &signals);
	else
		status = answer_failed(command, "a process could not be started: %s",
				       strerror(errno));
	if (status < 0)
		status = say_welcome(demo);
	while (status < 0)
		status = wait_a_moment(demo, &signals, true);
	demo_children_stop(demo->child, CHILDREN, &signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

int demo_main(int argc, char **argv)
{
	struct demo demo = {
		.listen = "127.0.0.1:8080",
		.sandbox_listen = "127.0.0.1:9400",
		.child = {[SANDBOX] = {.name = "sandbox"}, [GATEWAY] = {.name = "gateway"}},
	};
	char error[512];
	int status = read_options(argc, argv, &demo);

	if (status >= 0)
		return status;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return answer_failed(command, "libcurl did not start");
	if (!demo_state_open(demo.state_directory, &demo.state, error, sizeof(error)))
		return answer_failed(command, "%s", error);
	if (demo_state_fill(&demo.state, demo.listen, demo.sandbox_listen, error, sizeof(error)))
		status = run(&demo);
	else
		status = answer_failed(command, "%s", error);
	demo_state_close(&demo.state);
	curl_global_cleanup();
	return status;
}
