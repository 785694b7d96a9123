/*
 * Landlock by its three system calls, because the C library has no names for them. What the running
 * kernel can take away is taken away, up to version 6 of its interface; a right that is handled and
 * given by no rule is gone.
 */
#include "io/confine_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The header that we are built with may be older than the kernel that we run on. */
#define RIGHT_TRUNCATE (1ULL << 14)
#define RIGHT_IOCTL_DEV (1ULL << 15)
#define RIGHT_BIND_TCP (1ULL << 0)
#define RIGHT_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_SOCKETS (1ULL << 0)
#define SCOPE_SIGNALS (1ULL << 1)

struct ruleset {
	uint64_t files;
	uint64_t network; /* from version 4 on */
	uint64_t scoped;  /* from version 6 on */
};

/* Rights that make sense for a file; the rest are for directories, and refused for a file. */
#define FILE_RIGHTS                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	 LANDLOCK_ACCESS_FS_READ_FILE | RIGHT_TRUNCATE | RIGHT_IOCTL_DEV)

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* What a database does in its directory: make, grow, shrink and remove files. No devices, no
 * programs, no links out of it. */
#define WRITE_RIGHTS                                                                               \
	(READ_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |               \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | RIGHT_TRUNCATE)

/* All file rights of a version of the interface: 13 in the first, then one more in some. */
static uint64_t all_file_rights(long version)
{
	/* clang-format off */
	static const struct { long version; unsigned rights; } grown[] = {
		{1, 13},
		{2, 14}, /* moving between directories */
		{3, 15}, /* truncating */
		{5, 16}, /* control of devices */
	};
	/* clang-format on */
	unsigned rights = 0;

	for (size_t i = 0; i < sizeof(grown) / sizeof(grown[0]); i++)
		if (version >= grown[i].version)
			rights = grown[i].rights;
	return (1ULL << rights) - 1;
}

/* A path that is missing cannot be reached anyway. */
static bool allow(int ruleset, const struct confine_path *path, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = {.allowed_access =
							  path->write ? WRITE_RIGHTS : READ_RIGHTS};
	struct stat status;
	bool done = false;

	rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == ENOTDIR;
	rule.allowed_access &= handled;
	if (fstat(rule.parent_fd, &status) == 0) {
		if (!S_ISDIR(status.st_mode))
			rule.allowed_access &= FILE_RIGHTS;
		done = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
			       0) == 0;
	}
	close(rule.parent_fd);
	return done;
}

static bool allow_all(int ruleset, const struct confine_path *paths, size_t count, uint64_t handled)
{
	for (size_t i = 0; i < count; i++)
		if (!allow(ruleset, &paths[i], handled))
			return false;
	return true;
}

enum confine_result confine_files(const struct confine_path *paths, size_t count,
				  enum confine_files_network network)
{
	const long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 1)
		return CONFINE_MISSING; /* not built in, switched off, or kept from a container */

	const size_t size = sizeof(uint64_t) * (version >= 6 ? 3 : version >= 4 ? 2 : 1);
	const struct ruleset rules = {
		.files = all_file_rights(version),
		.network = RIGHT_BIND_TCP | (network == CONFINE_NO_TCP ? RIGHT_CONNECT_TCP : 0),
		.scoped = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS};
	const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);

	if (ruleset < 0)
		return CONFINE_FAILED;

	const bool done = allow_all(ruleset, paths, count, rules.files) &&
			  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
			  syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	const int saved = errno;

	close(ruleset);
	errno = saved;
	return done ? CONFINE_DONE : CONFINE_FAILED;
}
