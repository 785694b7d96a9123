/* Confinement, tried from inside: each test is a child that gives up its rights and then does one
 * thing that must still work, or must not. */
#include "io/confine_calls.h"
#include "io/http.h"
#include "io/http_client.h"
#include "io/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What a child finds when it starts. */
static int loopback_listener; /* ours, port in `loopback` */
static struct sockaddr_in loopback;
static int unconnected;
static int program;
static char directory[] = "/tmp/confine-test-XXXXXX";
static char outside[64];

static void describe(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "signal %d", WTERMSIG(status));
	else
		snprintf(text, size, "exit %d", WEXITSTATUS(status));
}

static int run(bool (*confine)(void), bool (*act)(void))
{
	const int file = open(outside, O_RDWR | O_CREAT, 0600);
	const pid_t pid = fork();
	int status = 0;

	close(file);
	if (pid == 0)
		_exit(!confine() ? 2 : act() ? 0 : 1);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool front(void)
{
	char missing[64];

	return confine_front(missing, sizeof(missing)) && missing[0] == '\0';
}

static bool keeper(void)
{
	const struct confine_path paths[] = {{directory, true}, {"/no/such/path", true}};
	char missing[64];

	return confine_keeper(paths, 2, missing, sizeof(missing)) && missing[0] == '\0';
}

/* Containers and old kernels may lack either; then there is nothing to try. */
static void need_the_kernel(void)
{
	char missing[64] = "";
	const pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(!confine_front(missing, sizeof(missing)) ? 1 : missing[0] ? 77 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static bool nothing(void)
{
	return true;
}

struct act {
	const char *name;
	bool (*act)(void);
};

/* `act` is true when the attempt was refused, and was not by accident: without confinement it is
 * false. */
static void assert_each(bool (*confine)(void), const struct act *acts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int status = run(confine, acts[i].act);
		char text[32];

		describe(status, text, sizeof(text));
		if (status != 0)
			fail_msg("%s: %s", acts[i].name, text);
	}
}

static bool refused(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

static bool opens(void)
{
	return refused(open("/etc/passwd", O_RDONLY));
}

static bool opens_for_writing(void)
{
	return refused(open(outside, O_WRONLY));
}

static bool opens_a_directory(void)
{
	return refused(open("/", O_RDONLY | O_DIRECTORY));
}

static bool makes_a_socket(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0));
}

static bool connects(void)
{
	return refused(connect(unconnected, (struct sockaddr *)&loopback, sizeof(loopback)));
}

static bool binds(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return refused(bind(unconnected, (const struct sockaddr *)&any, sizeof(any)));
}

static bool executes(void)
{
	char name[] = "false";
	char *argv[] = {name, NULL};

	return refused(execve("/bin/false", argv, NULL));
}

static bool executes_a_descriptor(void)
{
	char name[] = "false";
	char *argv[] = {name, NULL};

	return refused(syscall(SYS_execveat, program, "", argv, NULL, AT_EMPTY_PATH));
}

static bool signals_its_parent(void)
{
	return refused(kill(getppid(), 0));
}

static bool reads_another_process(void)
{
	char byte;
	struct iovec here = {&byte, 1};
	struct iovec there = {&byte, 1};

	return refused(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}

static bool unshares(void)
{
	return refused(syscall(SYS_unshare, 0));
}

static bool maps_programs(void)
{
	return refused(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0) == MAP_FAILED
			       ? -1
			       : 0);
}

static bool makes_memory_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED && refused(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static bool removes_a_file(void)
{
	return refused(unlink(outside));
}

static bool looks_at_a_file(void)
{
	struct stat status;

	return refused(stat("/etc/passwd", &status));
}

#ifndef CONFINE_SANITIZED
static bool forks(void)
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return refused(pid);
}

static bool traces(void)
{
	return refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static bool reads_processes(void)
{
	return refused(open("/proc/self/environ", O_RDONLY));
}
#endif

static void the_front_cannot(void **state)
{
	static const struct act acts[] = {
		{"open", opens},
		{"open for writing", opens_for_writing},
		{"open a directory", opens_a_directory},
		{"stat", looks_at_a_file},
		{"unlink", removes_a_file},
		{"socket", makes_a_socket},
		{"connect", connects},
		{"bind", binds},
		{"execve", executes},
		{"execveat", executes_a_descriptor},
		{"kill", signals_its_parent},
		{"process_vm_readv", reads_another_process},
		{"unshare", unshares},
		{"mmap programs", maps_programs},
		{"mprotect programs", makes_memory_executable},
#ifndef CONFINE_SANITIZED
		{"fork", forks},
		{"ptrace", traces},
		{"read processes", reads_processes},
#endif
	};

	(void)state;
	need_the_kernel();
	assert_each(front, acts, sizeof(acts) / sizeof(acts[0]));
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (run(nothing, acts[i].act) == 0)
			fail_msg("%s is refused anyway: the test shows nothing", acts[i].name);
}

/* Landlock alone, as on a machine whose kernel has no seccomp. */
static bool front_files(void)
{
	return confine_files(NULL, 0, CONFINE_NO_TCP) == CONFINE_DONE;
}

static void landlock_alone_keeps_the_front_from_files(void **state)
{
	static const struct act acts[] = {
		{"open", opens},
		{"open for writing", opens_for_writing},
		{"unlink", removes_a_file},
		{"open a directory", opens_a_directory},
		{"execve", executes},
		{"connect", connects},
	};

	(void)state;
	need_the_kernel();
	assert_each(front_files, acts, sizeof(acts) / sizeof(acts[0]));
}

static void on_done(void *arg)
{
	event_base_loopexit(arg, NULL);
}

static void on_request(struct http_request *request, void *arg)
{
	struct http_server **server = arg;

	pk_arena_wipe(http_arena(request));
	http_reply(request, 200, "text/plain", PK_STR("hello"));
	http_server_drain(server[0], on_done, server[1]);
}

/* All that a front does, over sockets that it was given. */
static void serve_confined(int listener, int channel, bool *ret_good)
{
	struct event_base *base = event_base_new();
	struct http_server *server[2] = {NULL, (void *)base};
	static char memory[MESSAGE_MAX];
	struct pk_str got;
	unsigned char random[32];
	char *large;

	server[0] = http_server_new(base, listener, on_request, server);
	*ret_good = server[0] && front();
	large = malloc(64 << 20);
	if (large)
		memset(large, 1, 64 << 20);
	*ret_good = *ret_good && large;
	free(large);
	randombytes_buf(random, sizeof(random));
	*ret_good = *ret_good && message_send(channel, PK_STR("ready"), -1) &&
		    event_base_dispatch(base) >= 0 &&
		    message_receive(channel, memory, &got, NULL) == MESSAGE_NONE;
	http_server_free(server[0]);
	event_base_free(base);
}

static void get(const struct sockaddr_in *at, char *reply, size_t size)
{
	const char *request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t len = 0;
	ssize_t got;

	assert_int_equal(connect(fd, (const struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	while (len < size - 1 && (got = recv(fd, reply + len, size - 1 - len, 0)) > 0)
		len += (size_t)got;
	reply[len] = '\0';
	close(fd);
}

static void the_front_serves(void **state)
{
	char error[128];
	char reply[1024];
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	int channel[2];
	int status;
	const int listener = http_listen("127.0.0.1:0", false, error, sizeof(error));

	(void)state;
	need_the_kernel();
	assert_true(listener >= 0 && message_pair(channel));
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);

	const pid_t pid = fork();

	if (pid == 0) {
		bool good = false;

		alarm(20);
		serve_confined(listener, channel[1], &good);
		exit(good ? 0 : 1); /* with what runs at an exit: a sanitizer's leak check */
	}
	close(listener);
	get(&at, reply, sizeof(reply));
	assert_non_null(strstr(reply, "hello"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(channel[0]);
	close(channel[1]);
}

static bool aborts(void)
{
	abort();
}

static void the_front_can_abort(void **state)
{
	int status;

	(void)state;
	need_the_kernel();
	status = run(front, aborts);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static bool inside(const char *name, int flags)
{
	char path[128];
	const int fd =
		(snprintf(path, sizeof(path), "%s/%s", directory, name), open(path, flags, 0600));

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* As a database does: make, write, cut, remove. */
static bool writes_its_directory(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/db-wal", directory);
	return inside("db-wal", O_RDWR | O_CREAT) && truncate(path, 100) == 0 &&
	       inside("db-wal", O_WRONLY | O_TRUNC) && unlink(path) == 0 &&
	       open(directory, O_RDONLY | O_DIRECTORY) >= 0;
}

static bool reads_the_system(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 && open("/dev/null", O_RDWR) >= 0 &&
	       open("/usr/bin", O_RDONLY | O_DIRECTORY) >= 0;
}

static bool connects_out(void)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&loopback, sizeof(loopback)) == 0;
}

static void *resolve(void *arg)
{
	struct addrinfo *found = NULL;
	const int error = getaddrinfo("localhost", "80", NULL, &found);

	if (found)
		freeaddrinfo(found);
	*(bool *)arg = error == 0;
	return NULL;
}

/* On a thread, as libcurl does. */
static bool resolves_names(void)
{
	pthread_t thread;
	bool good = false;

	return pthread_create(&thread, NULL, resolve, &good) == 0 &&
	       pthread_join(thread, NULL) == 0 && good;
}

static void on_reply(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	(void)problem;
	*(bool *)arg = reply && reply->status == 200;
}

static void answer_hello(struct http_request *request, void *arg)
{
	(void)arg;
	http_reply(request, 200, NULL, PK_STR(""));
}

static bool sends_requests(void)
{
	struct event_base *base = event_base_new();
	struct http_server *server = http_server_new(base, loopback_listener, answer_hello, NULL);
	struct http_client *client = http_client_new(base);
	bool good = false;
	char url[64];

	snprintf(url, sizeof(url), "http://localhost:%u/", ntohs(loopback.sin_port));

	const struct pk_http_request request = {.method = "GET", .url = pk_str(url)};

	http_client_send(client, &request, on_reply, &good);
	while (http_client_active(client))
		event_base_loop(base, EVLOOP_ONCE);
	http_client_free(client);
	http_server_free(server);
	event_base_free(base);
	return good;
}

static void the_keeper_can(void **state)
{
	static const struct act acts[] = {
		{"write its directory", writes_its_directory},
		{"read the system", reads_the_system},
		{"connect", connects_out},
		{"resolve names", resolves_names},
		{"send requests", sends_requests},
	};

	(void)state;
	need_the_kernel();
	assert_each(keeper, acts, sizeof(acts) / sizeof(acts[0]));
}

static bool writes_the_system(void)
{
	return refused(open("/etc/proofkey-confine-test", O_WRONLY | O_CREAT, 0600));
}

static bool lists_other_directories(void)
{
	return refused(open("/home", O_RDONLY | O_DIRECTORY)) &&
	       refused(open("/tmp", O_RDONLY | O_DIRECTORY));
}

static bool links_out(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/link", directory);
	return refused(symlink("/etc/passwd", path));
}

static bool asks_for_keys(void)
{
	return refused(syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 1));
}

static bool loads_programs_into_the_kernel(void)
{
	return refused(syscall(SYS_bpf, -1, NULL, 0));
}

static void the_keeper_cannot(void **state)
{
	static const struct act acts[] = {
		{"open for writing", opens_for_writing},
		{"write the system", writes_the_system},
		{"list other directories", lists_other_directories},
		{"link", links_out},
		{"unlink", removes_a_file},
		{"bind", binds},
		{"execve", executes},
		{"execveat", executes_a_descriptor},
		{"kill", signals_its_parent},
		{"process_vm_readv", reads_another_process},
		{"unshare", unshares},
		{"keyctl", asks_for_keys},
		{"bpf", loads_programs_into_the_kernel},
#ifndef CONFINE_SANITIZED
		{"ptrace", traces},
		{"read processes", reads_processes},
#endif
	};

	(void)state;
	need_the_kernel();
	assert_each(keeper, acts, sizeof(acts) / sizeof(acts[0]));
}

static void only_reads_what_it_may_only_read(void **state)
{
	int status;

	(void)state;
	need_the_kernel();

	const pid_t pid = fork();

	if (pid == 0) {
		const struct confine_path paths[] = {{directory, false}};
		char missing[64];

		_exit(confine_keeper(paths, 1, missing, sizeof(missing)) &&
				      !inside("new", O_WRONLY | O_CREAT) && errno == EACCES &&
				      open(directory, O_RDONLY | O_DIRECTORY) >= 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool leaves_no_memory_behind(void)
{
	struct rlimit core;

	return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0 &&
	       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static void memory_is_not_dumped(void **state)
{
	(void)state;
	assert_int_equal(run(confine_memory, leaves_no_memory_behind), 0);
	assert_int_not_equal(run(nothing, leaves_no_memory_behind), 0);
}

static void too_many_paths_are_refused(void **state)
{
	static struct confine_path many[1000];
	char missing[64];

	(void)state;
	assert_false(confine_keeper(many, 1000, missing, sizeof(missing)));
	assert_int_equal(errno, E2BIG);
}

static int prepare(void **state)
{
	socklen_t len = sizeof(loopback);
	char error[128];

	(void)state;
	assert_true(sodium_init() >= 0);
	assert_non_null(mkdtemp(directory));
	snprintf(outside, sizeof(outside), "%s.outside", directory);
	loopback_listener = http_listen("127.0.0.1:0", false, error, sizeof(error));
	assert_true(loopback_listener >= 0);
	assert_int_equal(getsockname(loopback_listener, (struct sockaddr *)&loopback, &len), 0);
	unconnected = socket(AF_INET, SOCK_STREAM, 0);
	program = open("/bin/false", O_PATH);
	assert_true(unconnected >= 0 && program >= 0);
	return 0;
}

static int tidy(void **state)
{
	(void)state;
	unlink(outside);
	rmdir(directory);
	close(loopback_listener);
	close(unconnected);
	close(program);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_not_dumped),
		cmocka_unit_test(the_front_cannot),
		cmocka_unit_test(landlock_alone_keeps_the_front_from_files),
		cmocka_unit_test(the_front_serves),
		cmocka_unit_test(the_front_can_abort),
		cmocka_unit_test(the_keeper_can),
		cmocka_unit_test(the_keeper_cannot),
		cmocka_unit_test(only_reads_what_it_may_only_read),
		cmocka_unit_test(too_many_paths_are_refused),
	};

	return cmocka_run_group_tests(tests, prepare, tidy);
}
