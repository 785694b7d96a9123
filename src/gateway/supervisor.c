/* The supervisor's process. It serves nobody, so what happens to the others cannot happen to it. */
#include "gateway/supervisor.h"
#include "base/text.h"
#include "gateway/calls.h"
#include "gateway/config.h"
#include "gateway/generation.h"
#include "gateway/listening.h"
#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/revoked.h"
#include "gateway/spawn.h"
#include "io/confine.h"
#include "io/service_manager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUICK_DEATH 1000000 /* microseconds */
#define RESTART_FIRST_MS 100
#define RESTART_LAST_MS 5000
/* Then what still runs is killed; longer than a call to a slow provider takes. */
#define STOP_SECONDS 70

/* A reload that came to nothing is over, too. */
#define STILL_THE_OLD "READY=1\nSTATUS=Serving; the new configuration was refused, see the log"

struct supervisor {
	struct event_base *base;
	const char *config_file;
	/* The newest first; the others are leaving, or the newest is not ready yet. */
	struct generation *generations;
	struct listening listening;
	int revoked_fd[ROLES]; /* a front can only read; the broker has no use for it */
	int metrics_fd;
	struct metrics *metrics;
	struct event *deadline;
	bool stopping;
	int status;
};

static const char *role_name(const struct child *child)
{
	static const char *const names[ROLES] = {
		[ROLE_FRONT] = "front", [ROLE_KEEPER] = "keeper", [ROLE_BROKER] = "broker"};

	return names[child->role];
}

/* A manager that cannot be told may think that nothing became of the start, and end it. */
static void tell_manager(const char *lines)
{
	if (!service_notify(lines))
		log_text("warn", "supervisor.notify", "the service manager cannot be told: %s",
			 strerror(errno));
}

static void on_control(evutil_socket_t fd, short what, void *arg);

static void forget(struct child *child)
{
	if (child->readable)
		event_free(child->readable);
	if (child->control >= 0)
		close(child->control);
	child->readable = NULL;
	child->control = -1;
	child->pid = 0;
}

static int listen_fd(const struct child *child)
{
	const struct supervisor *supervisor = child->generation->supervisor;

	switch (child->role) {
	case ROLE_FRONT:
		return supervisor->listening.front_fd[child->slot];
	case ROLE_BROKER:
		return supervisor->listening.broker_fd;
	default:
		return -1;
	}
}

static bool start(struct child *child)
{
	struct generation *generation = child->generation;
	struct supervisor *supervisor = generation->supervisor;
	int pair[2];

	child->started_at = metrics_clock();
	if (!message_pair(pair))
		return false;

	const struct spawn_fds fds = {
		.settings = generation->settings_fd[child->role],
		.control = pair[1],
		.revoked = supervisor->revoked_fd[child->role],
		.listen = listen_fd(child),
		.metrics = supervisor->metrics_fd,
	};

	child->pid = spawn_child(child->role, &fds);
	close(pair[1]);
	child->control = pair[0];
	if (child->pid < 0) {
		forget(child);
		return false;
	}
	child->readable =
		event_new(supervisor->base, pair[0], EV_READ | EV_PERSIST, on_control, child);
	if (!child->readable || event_add(child->readable, NULL) != 0) {
		kill(child->pid, SIGKILL); /* SIGCHLD brings it to on_death() */
		return false;
	}
	return true;
}

static void restart(struct child *child);

/* For a child that has to run: where the machine has no room for a process now, it may soon. */
static void start_or_retry(struct child *child)
{
	if (start(child))
		return;
	log_text("error", "supervisor.start", "a %s could not be started: %s", role_name(child),
		 strerror(errno));
	if (!child->pid)
		restart(child);
}

/* Gives a front or the broker a new connection to the keeper, which is told whose it is: one end
 * each. */
static void connect_to_keeper(const struct child *child)
{
	const struct child *keeper = &child->generation->keeper;
	const struct pk_str whose =
		child->role == ROLE_BROKER ? PK_STR(CONTROL_BROKER) : PK_STR(CONTROL_LINK);
	int pair[2];

	if (child->control < 0 || keeper->control < 0 || !message_pair(pair))
		return;
	if (!message_send(keeper->control, whose, pair[0]) ||
	    !message_send(child->control, PK_STR(CONTROL_LINK), pair[1]))
		log_text("error", "supervisor.connect",
			 "a %s could not be connected to the keeper: %s", role_name(child),
			 strerror(errno));
	close(pair[0]);
	close(pair[1]);
}

/* Whether a child of this generation runs when all is well. */
static bool is_wanted(const struct child *child)
{
	return child->role != ROLE_BROKER || child->generation->has_broker;
}

static void retire(struct generation *generation)
{
	const struct child *child;

	if (generation->leaving)
		return;
	generation->leaving = true;
	/* The keeper goes last: see sweep(). */
	for (unsigned i = 1; (child = generation_child(generation, i)); i++)
		if (child->pid)
			kill(child->pid, SIGTERM);
}

/* The keeper is ready: the others are started, or if they run already, connected to it. */
static void on_keeper_ready(struct generation *generation)
{
	const bool first = !generation->ready;
	struct child *child;

	/* A newer one was ready before it, or all of it ends: its fronts would never be told to. */
	if (generation->leaving)
		return;
	generation->ready = true;
	for (unsigned i = 1; (child = generation_child(generation, i)); i++) {
		if (!is_wanted(child))
			continue;
		if (first)
			start_or_retry(child);
		connect_to_keeper(child);
	}
	if (!first)
		return;
	for (struct generation *older = generation->next; older; older = older->next)
		retire(older);
	log_text("info", "gateway.ready", "%u fronts%s and a keeper", generation->fronts,
		 generation->has_broker ? ", a broker" : "");
	tell_manager("READY=1\nSTATUS=Serving");
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	char memory[MESSAGE_MAX];
	struct pk_str message;

	(void)what;
	if (message_receive(fd, memory, &message, NULL) == MESSAGE_GOT) {
		if (child->role == ROLE_KEEPER && pk_str_equal(message, PK_STR(CONTROL_READY)))
			on_keeper_ready(child->generation);
	} else {
		/* It ends; SIGCHLD says how. */
		event_del(child->readable);
	}
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd;
	(void)what;
	event_free(child->restart);
	child->restart = NULL;
	if (child->generation->leaving || child->pid)
		return;
	start_or_retry(child);
	if (child->role != ROLE_KEEPER)
		connect_to_keeper(child);
}

/* At once, unless it keeps dying young. */
static void restart(struct child *child)
{
	long delay = 0;

	if (metrics_clock() - child->started_at >= QUICK_DEATH)
		child->quick_deaths = 0;
	else if (child->quick_deaths < 10)
		child->quick_deaths++;
	if (child->quick_deaths)
		delay = (long)RESTART_FIRST_MS << (child->quick_deaths - 1);
	if (delay > RESTART_LAST_MS)
		delay = RESTART_LAST_MS;

	const struct timeval wait = {delay / 1000, delay % 1000 * 1000};

	child->restart = evtimer_new(child->generation->supervisor->base, on_restart, child);
	if (!child->restart || event_add(child->restart, &wait) != 0)
		log_text("error", "supervisor.start", "a %s cannot be restarted", role_name(child));
}

/* Unlinks and frees the generations of which nothing runs, and sends the keepers that nobody can
 * ask any more after the others. */
static void sweep(struct supervisor *supervisor)
{
	struct generation **at = &supervisor->generations;

	while (*at) {
		struct generation *generation = *at;
		const struct child *child;
		bool asking = false;

		for (unsigned i = 1; (child = generation_child(generation, i)); i++)
			asking |= child->pid != 0;
		if (generation->leaving && !asking && generation->keeper.pid)
			kill(generation->keeper.pid, SIGTERM);
		if (generation->leaving && !generation_alive(generation)) {
			*at = generation->next;
			generation_free(generation);
		} else {
			at = &generation->next;
		}
	}
	if (supervisor->stopping && !supervisor->generations)
		event_base_loopbreak(supervisor->base);
}

static void log_death(const struct child *child, int status)
{
	if (WIFSIGNALED(status))
		log_text("error", "child.died", "a %s was killed by signal %d (%s)",
			 role_name(child), WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_text("error", "child.died", "a %s ended with status %d", role_name(child),
			 WEXITSTATUS(status));
}

static void stop(struct supervisor *supervisor);

static void on_death(struct child *child, int status)
{
	struct generation *generation = child->generation;
	struct supervisor *supervisor = generation->supervisor;

	forget(child);
	if (generation->leaving)
		return;
	log_death(child, status);
	metrics_count_at(supervisor->metrics, METRIC_DIED, child->role);
	if (generation->ready) {
		restart(child);
		return;
	}
	/* A keeper that never came up: what it complained of stands in the log. A reload is given
	 * up, a start fails. */
	generation->leaving = true;
	if (generation->next) {
		log_text("error", "gateway.reload",
			 "the new configuration does not work; the old one stays");
		tell_manager(STILL_THE_OLD);
		return;
	}
	supervisor->status = 1;
	stop(supervisor);
}

static void on_child(evutil_socket_t signal, short what, void *arg)
{
	struct supervisor *supervisor = arg;
	int status;
	pid_t pid;

	(void)signal;
	(void)what;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child = NULL;

		for (struct generation *g = supervisor->generations; g && !child; g = g->next)
			child = generation_find(g, pid);
		if (child)
			on_death(child, status);
	}
	sweep(supervisor);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct supervisor *supervisor = arg;

	(void)fd;
	(void)what;
	log_text("warn", "gateway.stop",
		 "what was under way did not end in %d seconds and is cut off", STOP_SECONDS);
	for (struct generation *g = supervisor->generations; g; g = g->next)
		generation_kill(g, SIGKILL);
}

static void stop(struct supervisor *supervisor)
{
	/* The second time somebody means it. */
	if (supervisor->stopping) {
		for (struct generation *g = supervisor->generations; g; g = g->next)
			generation_kill(g, SIGKILL);
		return;
	}
	supervisor->stopping = true;
	tell_manager("STOPPING=1");
	listening_close(&supervisor->listening);
	(void)event_add(supervisor->deadline, &(struct timeval){STOP_SECONDS, 0});
	for (struct generation *g = supervisor->generations; g; g = g->next)
		retire(g);
}

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	struct supervisor *supervisor = arg;

	(void)signal;
	(void)what;
	log_text("info", "gateway.stop", "finishing what is under way");
	stop(supervisor);
	sweep(supervisor);
}

static void warn_of_unchanged(const struct listening *listening, const struct settings *settings)
{
	if (!listening_fits(listening, settings))
		log_text("warn", "gateway.reload",
			 "listen and fronts stay %s and %u until the gateway is started anew",
			 listening->front_at, listening->fronts);
	if (!listening_broker_fits(listening, settings))
		log_text("warn", "gateway.reload",
			 "broker stays \"%s\" until the gateway is started anew",
			 listening->broker_at);
}

/* Reads the configuration and starts a generation; the keeper first, the fronts when it is
 * ready. */
static bool begin_generation(struct supervisor *supervisor)
{
	char error[512];
	struct config *config = config_load(supervisor->config_file, error, sizeof(error));
	struct generation *generation;

	if (!config) {
		log_text("error", "gateway.config", "%s", error);
		return false;
	}
	log_threshold((enum log_level)config_settings(config)->log_level);
	warn_of_unchanged(&supervisor->listening, config_settings(config));
	generation =
		generation_new(supervisor, config_settings(config), supervisor->listening.fronts);
	if (generation)
		generation->has_broker = supervisor->listening.broker_fd >= 0 &&
					 config_settings(config)->broker_key_count > 0;
	config_free(config);
	if (!generation || !start(&generation->keeper)) {
		log_text("error", "supervisor.start", "the keeper could not be started: %s",
			 strerror(errno));
		generation_free(generation);
		return false;
	}
	generation->next = supervisor->generations;
	supervisor->generations = generation;
	return true;
}

static void on_reload(evutil_socket_t signal, short what, void *arg)
{
	struct supervisor *supervisor = arg;

	(void)signal;
	(void)what;
	if (supervisor->stopping)
		return;
	log_text("info", "gateway.reload", "reading %s again", supervisor->config_file);
	if (!service_notify_reloading())
		log_text("warn", "supervisor.notify", "the service manager cannot be told: %s",
			 strerror(errno));
	if (!begin_generation(supervisor)) {
		log_text("error", "gateway.reload", "the old configuration stays");
		tell_manager(STILL_THE_OLD);
	}
}

/* Opens the sockets, or takes those that were passed, and says where they are. */
static bool listen_all(struct supervisor *supervisor, const struct passed_sockets *passed,
		       const struct settings *settings)
{
	struct listening *listening = &supervisor->listening;
	char error[512];

	if (!listening_open(listening, passed, settings, error, sizeof(error))) {
		log_text("error", "gateway.listen", "%s", error);
		return false;
	}
	log_event(
		"info", "gateway.listen",
		(struct log_field[]){{"listen", pk_str(listening->front_at)},
				     {"public_url", settings->public_url},
				     {"broker", pk_str(listening->broker_at)},
				     {"passed", listening->front_passed && listening->broker_passed
							? PK_STR("listen and broker")
						: listening->front_passed  ? PK_STR("listen")
						: listening->broker_passed ? PK_STR("broker")
									   : PK_STR("")}},
		4);
	return true;
}

static bool set_up(struct supervisor *supervisor)
{
	struct passed_sockets passed;
	struct config *config;
	char error[512];
	bool listening;

	if (!passed_sockets_take(&passed, error, sizeof(error))) {
		log_text("error", "gateway.listen", "%s", error);
		return false;
	}
	config = config_load(supervisor->config_file, error, sizeof(error));
	if (!config) {
		(void)fprintf(stderr, "proofkey: %s\n", error);
		return false;
	}
	listening = listen_all(supervisor, &passed, config_settings(config));
	config_free(config);
	supervisor->base = event_base_new();
	supervisor->revoked_fd[ROLE_KEEPER] = revoked_create();
	supervisor->revoked_fd[ROLE_FRONT] = revoked_readable(supervisor->revoked_fd[ROLE_KEEPER]);
	supervisor->revoked_fd[ROLE_BROKER] = -1;
	supervisor->metrics_fd = metrics_create();
	if (supervisor->metrics_fd >= 0)
		supervisor->metrics = metrics_map(supervisor->metrics_fd);
	if (!listening)
		return false;
	if (!supervisor->base || supervisor->revoked_fd[ROLE_FRONT] < 0 || !supervisor->metrics) {
		log_text("error", "supervisor.start", "cannot start: %s", strerror(errno));
		return false;
	}
	supervisor->deadline = evtimer_new(supervisor->base, on_deadline, supervisor);
	return supervisor->deadline != NULL;
}

/* Fronts and broker have a descriptor for each connection. The usual limit is for programs that use
 * select(); what is allowed beyond it is allowed for this. */
static void allow_connections(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		log_text("warn", "supervisor.start", "the limit of open files stays as it is: %s",
			 strerror(errno));
}

int supervisor_main(const char *config_file)
{
	static struct supervisor supervisor;
	const struct {
		int signal;
		event_callback_fn handle;
	} signals[] = {
		{SIGCHLD, on_child}, {SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}};

	log_process("supervisor");
	signal(SIGPIPE, SIG_IGN);
	supervisor.config_file = config_file;
	allow_connections();
	if (!set_up(&supervisor))
		return 1;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct event *event = evsignal_new(supervisor.base, signals[i].signal,
						   signals[i].handle, &supervisor);

		if (!event || event_add(event, NULL) != 0)
			return 1;
	}
	if (!begin_generation(&supervisor))
		return 1;
	event_base_dispatch(supervisor.base);
	return supervisor.status;
}
