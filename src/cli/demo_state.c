/*
 * A demo's directory. It holds keys and tokens, even if only the sandbox's, so what is made there
 * is its owner's alone; and only a directory that we made ourselves is removed.
 */
#include "cli/demo_state.h"
#include "base/text.h"
#include "io/dialect_file.h"
#include "vault/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_MAX 65536

static bool fail(const char *path, char *error, size_t size)
{
	snprintf(error, size, "%s: %s", path, strerror(errno));
	return false;
}

/* DIRECTORY/NAME; false with ENAMETOOLONG. */
static bool join(const char *directory, const char *name, char ret[static PATH_MAX])
{
	const int len = snprintf(ret, PATH_MAX, "%s/%s", directory, name);

	if (len >= 0 && len < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

static bool open_temporary(struct demo_state *state, char *error, size_t size)
{
	const char *const given = getenv("TMPDIR");
	const char *const parent = given && given[0] ? given : "/tmp";
	char path[PATH_MAX];

	if (!join(parent, "proofkey-demo-XXXXXX", path) || !mkdtemp(path))
		return fail(parent, error, size);
	state->temporary = true;
	if (realpath(path, state->directory))
		return true;
	(void)fail(path, error, size);
	rmdir(path);
	return false;
}

static bool open_given(const char *directory, struct demo_state *state, char *error, size_t size)
{
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return fail(directory, error, size);
	return realpath(directory, state->directory) || fail(directory, error, size);
}

bool demo_state_open(const char *directory, struct demo_state *ret, char *error, size_t size)
{
	*ret = (struct demo_state){0};
	if (!(directory ? open_given(directory, ret, error, size)
			: open_temporary(ret, error, size)))
		return false;
	if (join(ret->directory, "proofkey.conf", ret->config_file))
		return true;
	(void)fail(ret->directory, error, size);
	demo_state_close(ret);
	return false;
}

static bool make_keys(const struct demo_state *state, char *error, size_t size)
{
	char path[PATH_MAX];

	if (!join(state->directory, "keys", path))
		return fail(state->directory, error, size);
	return access(path, F_OK) == 0 || keyring_create(path, error, size);
}

/* A login for each dialect, in the order in which they are built in. One that finds its endpoints by
 * discovery has none at the sandbox. */
static bool write_logins(const struct demo_config *config, struct pk_buf *out, char *error,
			 size_t size)
{
	for (size_t i = 0; pk_dialect_name(i); i++) {
		struct dialect_file file;

		if (!dialect_load(dialect_directory(), pk_str(pk_dialect_name(i)), &file, error,
				  size))
			return false;
		if (file.dialect.authorize_url.len)
			demo_config_write_login(config, &file.dialect, out);
		dialect_file_free(&file);
	}
	return true;
}

static bool write_file(const char *path, struct pk_str text, char *error, size_t size)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *const file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file) {
		(void)fail(path, error, size);
		if (fd >= 0)
			close(fd);
		return false;
	}

	const bool written = fwrite(text.ptr, 1, text.len, file) == text.len;

	if (fclose(file) == 0 && written)
		return true;
	return fail(path, error, size);
}

bool demo_state_fill(const struct demo_state *state, const char *listen, const char *sandbox_listen,
		     char *error, size_t size)
{
	const struct demo_config config = {pk_str(listen), pk_str(sandbox_listen),
					   pk_str(state->directory), pk_str(dialect_directory())};
	char *const memory = malloc(CONFIG_MAX);
	struct pk_buf out = pk_buf(memory, memory ? CONFIG_MAX : 0);
	bool filled = false;

	demo_config_write(&config, &out);
	if (!make_keys(state, error, size) || !write_logins(&config, &out, error, size))
		goto out;
	if (out.overflow) {
		snprintf(error, size, "%s: the configuration is too long", state->config_file);
		goto out;
	}
	filled = write_file(state->config_file, pk_buf_str(&out), error, size);
out:
	free(memory);
	return filled;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

void demo_state_close(const struct demo_state *state)
{
	if (!state->temporary)
		return;
	if (nftw(state->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
		fprintf(stderr, "proofkey demo: %s could not be removed: %s\n", state->directory,
			strerror(errno));
}
