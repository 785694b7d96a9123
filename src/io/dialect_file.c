/*
 * Finding and reading dialect files. Decides which file a name stands for: the name cannot leave
 * the directory, the file is regular and bounded, and a file that is there but wrong is an error,
 * never a reason to fall back to the built-in one.
 */
#include "io/dialect_file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX PK_STR(".conf")

const char *dialect_directory(void)
{
	const char *const directory = getenv("PROOFKEY_PROVIDERS");

	return directory && directory[0] ? directory : NULL;
}

static bool is_name(struct pk_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return name.len > 0 && name.len <= DIALECT_NAME_MAX && name.ptr[0] != '-';
}

static bool refuse_name(struct pk_str name, char *error, size_t size)
{
	char tame[DIALECT_NAME_MAX + 1];

	pk_text_tame(tame, sizeof(tame), name);
	snprintf(error, size,
		 "\"%s\" is no name of a provider: a to z, 0 to 9 and -, at most %d characters",
		 tame, DIALECT_NAME_MAX);
	return false;
}

/* Lays out `path NUL name text` in one block, so that the dialect's views outlive the caller's. */
static bool hold(struct dialect_file *file, struct pk_str path, struct pk_str name, size_t text_len)
{
	file->memory = malloc(path.len + 1 + name.len + text_len + 1);
	if (!file->memory)
		return false;

	char *const at_name = file->memory + path.len + 1;

	if (path.len)
		memcpy(file->memory, path.ptr, path.len);
	file->memory[path.len] = '\0';
	memcpy(at_name, name.ptr, name.len);
	if (path.ptr)
		file->path = (struct pk_str){file->memory, path.len};
	file->dialect.name = (struct pk_str){at_name, name.len};
	file->text = (struct pk_str){at_name + name.len, text_len};
	return true;
}

void dialect_file_free(struct dialect_file *file)
{
	if (!file)
		return;
	free(file->memory);
	*file = (struct dialect_file){0};
}

/* What was refused keeps nothing but the reason. */
static bool give_up(struct dialect_file *file)
{
	const struct pk_why why = file->why;

	dialect_file_free(file);
	file->why = why;
	return false;
}

static bool parse(struct dialect_file *file, char *error, size_t size)
{
	struct pk_why *const why = &file->why;

	if (pk_dialect_parse(file->dialect.name, file->text, &file->dialect, why) == PK_OK)
		return true;
	if (file->path.ptr)
		snprintf(error, size, "%s:%u: %s", file->path.ptr, why->line, why->detail);
	else
		snprintf(error, size, "%.*s.conf:%u: %s", PK_ARG(file->dialect.name), why->line,
			 why->detail);
	return false;
}

/* Reads until the end of the file or until `cap` bytes are there; -1 with errno. */
static ssize_t read_all(int fd, char *memory, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		const ssize_t got = read(fd, memory + len, cap - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

static bool fail(struct pk_str path, const char *what, char *error, size_t size)
{
	snprintf(error, size, "%.*s: %s", PK_ARG(path), what);
	return false;
}

/* Takes the open file `fd`. One byte of room beyond the limit tells a file that is too long. */
static bool load_fd(int fd, struct pk_str path, struct pk_str name, struct dialect_file *ret,
		    char *error, size_t size)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail(path, strerror(errno), error, size);
	if (!S_ISREG(status.st_mode))
		return fail(path, "it is not a file", error, size);
	if (!hold(ret, path, name, DIALECT_FILE_MAX + 1))
		return fail(path, strerror(ENOMEM), error, size);

	char *const text = ret->memory + path.len + 1 + name.len;
	const ssize_t len = read_all(fd, text, DIALECT_FILE_MAX + 1);

	if (len < 0)
		return fail(path, strerror(errno), error, size);
	if (len > DIALECT_FILE_MAX)
		return fail(path, "it is longer than a dialect may be, 65536 bytes", error, size);
	ret->text.len = (size_t)len;
	return parse(ret, error, size);
}

/* O_NONBLOCK: a FIFO under that name must not hold up who opens it. */
#define OPEN_FILE (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static bool load_built_in(struct pk_str name, struct dialect_file *ret, char *error, size_t size)
{
	char terminated[DIALECT_NAME_MAX + 1];

	snprintf(terminated, sizeof(terminated), "%.*s", PK_ARG(name));

	const struct pk_str text = pk_str(pk_dialect_text(terminated));

	if (!text.ptr) {
		snprintf(error, size,
			 "there is no provider %s; `proofkey provider list` lists them",
			 terminated);
		return false;
	}
	if (!hold(ret, (struct pk_str){0}, name, text.len)) {
		snprintf(error, size, "%s: %s", terminated, strerror(ENOMEM));
		return false;
	}
	memcpy(ret->memory + 1 + name.len, text.ptr, text.len);
	return parse(ret, error, size) || give_up(ret);
}

static int open_directory(const char *directory, char *error, size_t size)
{
	const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		(void)fail(pk_str(directory), strerror(errno), error, size);
	return fd;
}

bool dialect_load(const char *directory, struct pk_str name, struct dialect_file *ret, char *error,
		  size_t size)
{
	char path[4096];

	*ret = (struct dialect_file){0};
	if (!is_name(name))
		return refuse_name(name, error, size);
	if (!directory)
		return load_built_in(name, ret, error, size);

	struct pk_buf out = pk_buf(path, sizeof(path) - 1);

	pk_buf_put(&out, pk_str(directory));
	pk_buf_put(&out, PK_STR("/"));
	pk_buf_put(&out, name);
	pk_buf_put(&out, SUFFIX);
	if (out.overflow)
		return fail(pk_str(directory), strerror(ENAMETOOLONG), error, size);
	path[out.len] = '\0';

	const int directory_fd = open_directory(directory, error, size);

	if (directory_fd < 0)
		return false;

	const int fd = openat(directory_fd, path + strlen(directory) + 1, OPEN_FILE);
	const int problem = errno;

	close(directory_fd);
	if (fd < 0)
		return problem == ENOENT ? load_built_in(name, ret, error, size)
					 : fail(pk_buf_str(&out), strerror(problem), error, size);

	const bool loaded = load_fd(fd, pk_buf_str(&out), name, ret, error, size);

	close(fd);
	return loaded || give_up(ret);
}

/* The name of the dialect in the file `name`, or "not given". */
static struct pk_str name_of_file(struct pk_str name)
{
	if (!pk_str_ends(name, SUFFIX))
		return (struct pk_str){0};
	name = pk_str_first(name, name.len - SUFFIX.len);
	return is_name(name) ? name : (struct pk_str){0};
}

bool dialect_load_path(const char *path, struct dialect_file *ret, char *error, size_t size)
{
	const char *const slash = strrchr(path, '/');
	const struct pk_str name = name_of_file(pk_str(slash ? slash + 1 : path));

	*ret = (struct dialect_file){0};
	if (!name.ptr)
		return fail(pk_str(path),
			    "the file is named for its dialect: a to z, 0 to 9 and -, then .conf",
			    error, size);

	const int fd = open(path, OPEN_FILE);

	if (fd < 0)
		return fail(pk_str(path), strerror(errno), error, size);

	const bool loaded = load_fd(fd, pk_str(path), name, ret, error, size);

	close(fd);
	return loaded || give_up(ret);
}

/* Puts `name` where it belongs, unless it is there. */
static bool add_name(struct dialect_names *names, struct pk_str name)
{
	char terminated[DIALECT_NAME_MAX + 1];
	size_t at = 0;

	snprintf(terminated, sizeof(terminated), "%.*s", PK_ARG(name));
	while (at < names->count && strcmp(names->name[at], terminated) < 0)
		at++;
	if (at < names->count && strcmp(names->name[at], terminated) == 0)
		return true;
	if (names->count == DIALECT_NAMES_MAX)
		return false;
	memmove(names->name[at + 1], names->name[at], (names->count - at) * sizeof(names->name[0]));
	memcpy(names->name[at], terminated, sizeof(terminated));
	names->count++;
	return true;
}

static bool list_directory(const char *directory, struct dialect_names *names, char *error,
			   size_t size)
{
	DIR *const entries = opendir(directory);
	bool listed = false;

	if (!entries)
		return fail(pk_str(directory), strerror(errno), error, size);
	for (;;) {
		errno = 0;

		const struct dirent *entry = readdir(entries);

		if (!entry && errno) {
			(void)fail(pk_str(directory), strerror(errno), error, size);
			break;
		}
		if (!entry) {
			listed = true;
			break;
		}

		const struct pk_str name = name_of_file(pk_str(entry->d_name));

		if (name.ptr && !add_name(names, name)) {
			(void)fail(pk_str(directory), "it has too many dialects", error, size);
			break;
		}
	}
	closedir(entries);
	return listed;
}

bool dialect_list(const char *directory, struct dialect_names *ret, char *error, size_t size)
{
	ret->count = 0;
	for (size_t i = 0; pk_dialect_name(i); i++) {
		if (!add_name(ret, pk_str(pk_dialect_name(i)))) {
			snprintf(error, size, "too many dialects are built in");
			return false;
		}
	}
	return !directory || list_directory(directory, ret, error, size);
}
