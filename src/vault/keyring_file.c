/*
 * The key ring's file. Believed as a private file is (private_file.h); written so that it is whole
 * on the disk, or as it was before, also when the power fails in between.
 */
#include "vault/keyring_text.h"
#include "base/text.h"
#include "vault/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096

static bool load(const char *path, enum private_owner owner, struct keyring *ret, char *error,
		 size_t error_size)
{
	char *memory = sodium_malloc(KEYRING_FILE_MAX), sentence[160];
	struct pk_buf text = pk_buf(memory, KEYRING_FILE_MAX);
	const char *problem = memory ? NULL : "out of memory";
	const int fd = memory ? private_file_open(path, owner, &problem) : -1;

	if (fd >= 0) {
		problem = private_file_take(fd, &text);
		(void)close(fd);
	}
	if (!problem && !keyring_parse(pk_buf_str(&text), ret, sentence, sizeof(sentence)))
		problem = sentence;
	if (problem)
		(void)snprintf(error, error_size, "key ring %s: %s", path, problem);
	sodium_free(memory);
	return !problem;
}

bool keyring_load(const char *path, struct keyring *ret, char *error, size_t error_size)
{
	return load(path, PRIVATE_OURS, ret, error, error_size);
}

bool keyring_show(const char *path, struct keyring *ret, char *error, size_t error_size)
{
	return load(path, PRIVATE_OF_ANYBODY, ret, error, error_size);
}

static bool write_all(int fd, struct pk_str text)
{
	while (text.len) {
		const ssize_t put = write(fd, text.ptr, text.len);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0)
			text = pk_str_from(text, (size_t)put);
	}
	return true;
}

/* A file has its name after a crash only when its directory has been written too. */
static bool sync_directory(const char *path)
{
	const struct pk_str text = pk_str(path);
	size_t len = text.len;
	char directory[PATH_SIZE] = ".";

	while (len && path[len - 1] != '/')
		len--;
	if (len >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (len) {
		memcpy(directory, path, len);
		directory[len] = '\0';
	}

	const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const bool ok = fd >= 0 && fsync(fd) == 0;
	const int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return ok;
}

/* A new file is given the old one's owner and what he may do. The group has no permissions, so that
 * it may become another where who is no member of it cannot give it. */
static bool make_like(int fd, const struct stat *like)
{
	const bool owned = fchown(fd, like->st_uid, like->st_gid) == 0 ||
			   (errno == EPERM && like->st_uid == geteuid());

	return owned && fchmod(fd, like->st_mode & S_IRWXU) == 0;
}

/* Makes the file, or leaves none; false with errno. It is like another, where one is given, before
 * the text is in it. */
static bool write_new(const char *path, struct pk_str text, const struct stat *like)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;

	bool ok = !like || make_like(fd, like);
	int saved;

	ok = ok && write_all(fd, text) && fsync(fd) == 0;
	saved = errno;
	if (close(fd) != 0 && ok) {
		saved = errno;
		ok = false;
	}
	if (!ok)
		(void)unlink(path);
	errno = saved;
	return ok;
}

bool keyring_create(const char *path, char *error, size_t error_size)
{
	char memory[256];
	struct pk_buf text = pk_buf(memory, sizeof(memory));
	bool ok;

	pk_buf_put(&text, PK_STR("# Proofkey key ring. The first key seals, all of them open. "
				 "Keep it secret: mode 0600.\n"));
	keyring_put_fresh(&text);
	pk_buf_char(&text, '\n');
	ok = write_new(path, pk_buf_str(&text), NULL);
	if (ok && !sync_directory(path)) {
		const int saved = errno;

		(void)unlink(path);
		errno = saved;
		ok = false;
	}
	if (!ok)
		(void)snprintf(error, error_size, "key ring %s: %s", path,
			       errno == EEXIST ? "it exists already and is left as it is"
					       : strerror(errno));
	sodium_memzero(memory, sizeof(memory));
	return ok;
}

/* Opens the ring for one change at a time. Who waited for the lock may have got that of a file which
 * was replaced meanwhile: then the new one is opened. */
static int open_locked(const char *path, struct stat *status, const char **problem)
{
	struct stat named;
	int fd;

	for (;;) {
		fd = private_file_open(path, PRIVATE_OF_ANYBODY, problem);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) != 0 || fstat(fd, status) != 0) {
			*problem = strerror(errno);
			break;
		}
		if (lstat(path, &named) == 0 && named.st_ino == status->st_ino &&
		    named.st_dev == status->st_dev)
			return fd;
		(void)close(fd);
	}
	(void)close(fd);
	return -1;
}

/* Puts a new file in the place of the old one. What a change that was killed left behind is taken
 * away first: it was never part of the ring, and nobody else is at it. */
static const char *replace(const char *path, struct pk_str text, const struct stat *like)
{
	char beside[PATH_SIZE];
	const int len = snprintf(beside, sizeof(beside), "%s.new", path);

	if (len < 0 || (size_t)len >= sizeof(beside))
		return strerror(ENAMETOOLONG);
	if (unlink(beside) != 0 && errno != ENOENT)
		return strerror(errno);
	if (!write_new(beside, text, like))
		return errno == EROFS || errno == EACCES
			       ? "its directory cannot be written to; change it where it is kept"
			       : strerror(errno);
	if (rename(beside, path) != 0) {
		const int saved = errno;

		(void)unlink(beside);
		return strerror(saved);
	}
	return sync_directory(path) ? NULL
				    : "it was changed, but the directory could not be synced: a "
				      "crash may bring the old one back";
}

/* The old text and the new one, in memory that is neither swapped nor dumped. */
struct texts {
	char old[KEYRING_FILE_MAX];
	char new[KEYRING_FILE_MAX];
	struct keyring ring;
};

/* `sentence`: for what has a line's number in it. */
static const char *change_open(const char *path, int fd, const struct stat *status,
			       enum keyring_change change, const uint8_t id[static KEY_ID],
			       struct texts *texts, char *sentence, size_t sentence_size)
{
	struct pk_buf old = pk_buf(texts->old, sizeof(texts->old));
	struct pk_buf new = pk_buf(texts->new, sizeof(texts->new));
	const char *problem = private_file_take(fd, &old);

	if (problem)
		return problem;
	if (!keyring_parse(pk_buf_str(&old), &texts->ring, sentence, sentence_size))
		return sentence;
	problem = keyring_edit(pk_buf_str(&old), &texts->ring, change, id, &new);
	if (problem)
		return problem;
	/* As large as a reader takes at most: it must see the end. */
	if (new.overflow || new.len == new.cap)
		return "its comments leave no room for another key";
	if (!keyring_parse(pk_buf_str(&new), &texts->ring, sentence, sentence_size))
		return sentence;
	return replace(path, pk_buf_str(&new), status);
}

bool keyring_change(const char *path, enum keyring_change change, const uint8_t id[static KEY_ID],
		    struct keyring *ret, char *error, size_t error_size)
{
	struct texts *texts = sodium_malloc(sizeof(*texts));
	const char *problem = texts ? NULL : "out of memory";
	char sentence[160];
	struct stat status;
	const int fd = texts ? open_locked(path, &status, &problem) : -1;

	if (fd >= 0) {
		problem = change_open(path, fd, &status, change, id, texts, sentence,
				      sizeof(sentence));
		(void)close(fd);
	}
	if (problem)
		(void)snprintf(error, error_size, "key ring %s: %s", path, problem);
	else
		*ret = texts->ring;
	sodium_free(texts);
	return !problem;
}
