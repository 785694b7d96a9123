/*
 * Finds the addresses of the database's hosts. libpq would wait for the resolver, for half a minute
 * where its server is away, and everybody else in the event loop with it; so a thread asks, the
 * system's own resolver and no other, and what it finds comes as one message through a socket. The
 * thread shares nothing: it may be left behind.
 */
#include "vault/postgres_lookup.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES_MAX 16 /* of one host */
#define NAME_SIZE 256

struct job {
	int fd;
	char *hosts;
	char *ports;
};

static bool is_socket(struct pk_str host)
{
	return host.len == 0 || host.ptr[0] == '/' || host.ptr[0] == '@';
}

static bool is_number(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* As a C string; false where it is too long to be a host's name. */
static bool copy_name(char name[static NAME_SIZE], struct pk_str host)
{
	if (host.len >= NAME_SIZE)
		return false;
	memcpy(name, host.ptr, host.len);
	name[host.len] = '\0';
	return true;
}

bool postgres_needs_lookup(const char *hosts)
{
	struct pk_str left = pk_str(hosts);

	while (left.ptr) {
		const struct pk_str host = pk_str_cut(&left, ',');
		char name[NAME_SIZE];

		if (!is_socket(host) && (!copy_name(name, host) || !is_number(name)))
			return true;
	}
	return false;
}

/* The three lists, written side by side. */
struct lists {
	struct pk_buf hosts, addresses, ports;
	size_t count;
};

static void add(struct lists *lists, struct pk_str host, const char *address, struct pk_str port)
{
	if (lists->count++) {
		pk_buf_char(&lists->hosts, ',');
		pk_buf_char(&lists->addresses, ',');
		pk_buf_char(&lists->ports, ',');
	}
	pk_buf_put(&lists->hosts, host);
	pk_buf_put(&lists->addresses, pk_str(address));
	pk_buf_put(&lists->ports, port);
}

/* All addresses of a host, in the resolver's order, which is the one to try them in. */
static void add_host(struct lists *lists, struct pk_str host, struct pk_str port, char *problem,
		     size_t problem_size)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char name[NAME_SIZE];
	int code = EAI_NONAME;
	size_t count = 0;

	if (is_socket(host)) {
		add(lists, host, "", port);
		return;
	}
	if (copy_name(name, host))
		code = getaddrinfo(name, NULL, &hints, &found);
	if (code != 0) {
		(void)snprintf(problem, problem_size, "the address of %.*s is not known: %s",
			       host.len > 80 ? 80 : (int)host.len, host.ptr, gai_strerror(code));
		return;
	}
	for (const struct addrinfo *at = found; at && count < ADDRESSES_MAX; at = at->ai_next) {
		char address[NI_MAXHOST];

		if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL, 0,
				NI_NUMERICHOST) != 0)
			continue;
		add(lists, host, address, port);
		count++;
	}
	freeaddrinfo(found);
}

/* Room for the final NUL stays. */
static struct pk_buf writer(char *memory, size_t size)
{
	return pk_buf(memory, size - 1);
}

static void find_all(const struct job *job, struct postgres_hosts *ret)
{
	struct pk_str hosts = pk_str(job->hosts), ports = pk_str(job->ports);
	const bool one_port = pk_str_find(ports, ',') == ports.len;
	struct lists lists = {.hosts = writer(ret->hosts, sizeof(ret->hosts)),
			      .addresses = writer(ret->addresses, sizeof(ret->addresses)),
			      .ports = writer(ret->ports, sizeof(ret->ports))};

	while (hosts.ptr) {
		const struct pk_str host = pk_str_cut(&hosts, ',');
		const struct pk_str port = one_port ? ports : pk_str_cut(&ports, ',');

		add_host(&lists, host, port, ret->problem, sizeof(ret->problem));
	}
	if (lists.hosts.overflow || lists.addresses.overflow || lists.ports.overflow) {
		lists.count = 0;
		(void)snprintf(ret->problem, sizeof(ret->problem), "too many hosts");
	}
	if (lists.count)
		ret->problem[0] = '\0';
}

static void job_free(struct job *job)
{
	if (!job)
		return;
	if (job->fd >= 0)
		(void)close(job->fd);
	free(job->hosts);
	free(job->ports);
	free(job);
}

static void *run(void *arg)
{
	struct postgres_hosts found = {0};
	struct job *job = arg;

	find_all(job, &found);
	/* Nobody may be listening any more. */
	(void)send(job->fd, &found, sizeof(found), MSG_NOSIGNAL);
	job_free(job);
	return NULL;
}

/* Signals are for the event loop's thread. */
static int start_thread(struct job *job)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;

	(void)sigfillset(&all);

	int code = pthread_attr_init(&attributes);

	if (code != 0)
		return code;
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&thread, &attributes, run, job);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return code;
}

int postgres_lookup(const char *hosts, const char *ports)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;

	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -1;
	}
	job->fd = fds[1];
	job->hosts = strdup(hosts);
	job->ports = strdup(ports ? ports : "");
	errno = ENOMEM;
	if (job->hosts && job->ports && (errno = start_thread(job)) == 0)
		return fds[0];

	const int saved = errno;

	job_free(job);
	(void)close(fds[0]);
	errno = saved;
	return -1;
}

bool postgres_lookup_take(int fd, struct postgres_hosts *ret)
{
	*ret = (struct postgres_hosts){0};
	if (recv(fd, ret, sizeof(*ret), MSG_DONTWAIT) != (ssize_t)sizeof(*ret)) {
		*ret = (struct postgres_hosts){.problem = "the addresses cannot be looked up"};
		return false;
	}
	return ret->problem[0] == '\0';
}
