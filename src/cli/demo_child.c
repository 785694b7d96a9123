/*
 * Starting, watching and ending a demo's children. Each is in a process group of its own, so that
 * Ctrl-C reaches this process alone and both end in order; should this process be killed, the
 * kernel ends them.
 */
#include "cli/demo_child.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_SECONDS 75 /* longer than the gateway gives its own processes */
#define HEALTH_MILLISECONDS 500L

static _Noreturn void become(const char *const *argv, pid_t parent, const sigset_t *mask)
{
	setpgid(0, 0);
	/* stdout is for what the demo itself has to say. */
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(1);
	/* A parent that went before prctl() sends nothing any more. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(1);
	sigprocmask(SIG_SETMASK, mask, NULL);
	/* execv() takes char * for the sake of old programs; it changes nothing. */
	execv("/proc/self/exe", (char *const *)argv);
	fprintf(stderr, "proofkey demo: %s could not be started: %s\n", argv[1], strerror(errno));
	_exit(1);
}

bool demo_child_start(struct demo_child *child, const char *const *argv, const sigset_t *mask)
{
	const pid_t parent = getpid();
	const pid_t pid = fork();

	if (pid < 0)
		return false;
	if (pid == 0)
		become(argv, parent, mask);
	child->pid = pid;
	return true;
}

struct demo_child *demo_child_ended(struct demo_child *children, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!children[i].pid ||
		    waitpid(children[i].pid, &children[i].status, WNOHANG) != children[i].pid)
			continue;
		children[i].pid = 0;
		return &children[i];
	}
	return NULL;
}

static void send_all(const struct demo_child *children, size_t count, int signal)
{
	for (size_t i = 0; i < count; i++)
		if (children[i].pid)
			kill(children[i].pid, signal);
}

static bool any_left(const struct demo_child *children, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (children[i].pid)
			return true;
	return false;
}

void demo_children_stop(struct demo_child *children, size_t count, const sigset_t *signals)
{
	const struct timespec tick = {.tv_nsec = 100000000};
	int ticks = STOP_SECONDS * 10;

	send_all(children, count, SIGTERM);
	while (any_left(children, count)) {
		if (demo_child_ended(children, count))
			continue;

		const int signal = sigtimedwait(signals, NULL, &tick);

		if (signal == SIGINT || signal == SIGTERM || ticks-- == 0)
			send_all(children, count, SIGKILL);
	}
}

static size_t discard(char *bytes, size_t size, size_t count, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * count;
}

bool demo_healthy(const char *address)
{
	CURL *const exchange = curl_easy_init();
	char url[128];
	long status = 0;

	if (!exchange)
		return false;
	snprintf(url, sizeof(url), "http://%s/healthz", address);
	curl_easy_setopt(exchange, CURLOPT_URL, url);
	/* It is on this machine: a proxy from the environment has no part in it. */
	curl_easy_setopt(exchange, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(exchange, CURLOPT_TIMEOUT_MS, HEALTH_MILLISECONDS);
	curl_easy_setopt(exchange, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(exchange, CURLOPT_WRITEFUNCTION, discard);
	if (curl_easy_perform(exchange) == CURLE_OK)
		curl_easy_getinfo(exchange, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(exchange);
	return status == 200;
}
