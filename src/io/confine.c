/*
 * The profiles: which files and which system calls are left to whom. A flaw in the front that runs
 * an attacker's code should find nothing there but the cookie keys and the open sockets; in the
 * keeper, no program to start and no file beyond the vault's.
 */
#include "io/confine_calls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifdef CONFINE_SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

#define PATHS_MAX 16

/* clang-format off */
/* What the keeper's libraries read. */
static const struct confine_path system_paths[] = {
	{"/etc",                 false}, /* certificates, resolv.conf, hosts, nsswitch.conf */
	{"/usr",                 false}, /* certificates; libraries that name resolution loads */
	{"/lib",                 false}, /* the same, where it is no link into /usr */
	{"/lib64",               false},
	{"/run/systemd/resolve", false}, /* where /etc/resolv.conf may point */
	{"/dev/urandom",         false}, /* for libraries that know no getrandom() */
	{"/dev/null",            true},
#ifdef CONFINE_SANITIZED
	{"/proc",                false}, /* the leak check at exit lists the threads */
#endif
};
/* clang-format on */

#define SYSTEM_PATHS (sizeof(system_paths) / sizeof(system_paths[0]))

bool confine_memory(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

#ifdef CONFINE_SANITIZED
/* The leak check at exit lists the threads. */
static const struct confine_path front_paths[] = {{"/proc", false}};
#define FRONT_PATHS 1
#else
static const struct confine_path *const front_paths = NULL;
#define FRONT_PATHS 0
#endif

/* A sanitizer's runtime opens for its reports what it can open only now. */
static void tell_sanitizer(void)
{
#ifdef CONFINE_SANITIZED
	__sanitizer_sandbox_arguments arguments = {0};

	__sanitizer_sandbox_on_notify(&arguments);
#endif
}

/* True unless one of the two was offered and failed. */
static bool report(enum confine_result files, enum confine_result calls, char *ret_missing,
		   size_t size)
{
	const bool no_files = files == CONFINE_MISSING;
	const bool no_calls = calls == CONFINE_MISSING;

	snprintf(ret_missing, size, "%s%s%s", no_files ? "Landlock" : "",
		 no_files && no_calls ? ", " : "", no_calls ? "seccomp" : "");
	return files != CONFINE_FAILED && calls != CONFINE_FAILED;
}

bool confine_front(char *ret_missing, size_t size)
{
	tell_sanitizer();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;

	const enum confine_result files = confine_files(front_paths, FRONT_PATHS, CONFINE_NO_TCP);

	if (files == CONFINE_FAILED)
		return false;
	return report(files, confine_calls_front(), ret_missing, size);
}

bool confine_keeper(const struct confine_path *paths, size_t count, char *ret_missing, size_t size)
{
	struct confine_path all[SYSTEM_PATHS + PATHS_MAX];

	if (count > PATHS_MAX) {
		errno = E2BIG;
		return false;
	}
	memcpy(all, system_paths, sizeof(system_paths));
	if (count)
		memcpy(all + SYSTEM_PATHS, paths, count * sizeof(*paths));

	tell_sanitizer();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;

	const enum confine_result files = confine_files(all, SYSTEM_PATHS + count, CONFINE_TCP_OUT);

	if (files == CONFINE_FAILED)
		return false;
	return report(files, confine_calls_keeper(), ret_missing, size);
}
