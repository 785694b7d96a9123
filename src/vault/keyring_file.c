/*
 * The key ring's file. Believed as a private file is (private_file.h); written so that it is whole
 * on the disk, or not there at all.
 */
#include "vault/keyring.h"
#include "base/encode.h"
#include "base/text.h"
#include "vault/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX 16384 /* bytes: sixteen keys and room for what people note beside them */

bool keyring_load(const char *path, struct keyring *ret, char *error, size_t error_size)
{
	char memory[FILE_MAX], sentence[128];
	struct pk_buf text = pk_buf(memory, sizeof(memory));
	const char *problem = private_file_read(path, &text);

	if (!problem && !keyring_parse(pk_buf_str(&text), ret, sentence, sizeof(sentence)))
		problem = sentence;
	if (problem)
		(void)snprintf(error, error_size, "key ring %s: %s", path, problem);
	sodium_memzero(memory, sizeof(memory));
	return !problem;
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

/* A new file is there after a crash only when its directory has been written too. */
static bool sync_directory(const char *path)
{
	const struct pk_str text = pk_str(path);
	size_t len = text.len;
	char directory[4096] = ".";

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

/* Makes the file, or leaves none; false with errno. */
static bool write_new(const char *path, struct pk_str text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;

	bool ok = write_all(fd, text) && fsync(fd) == 0;
	int saved = errno;

	if (close(fd) != 0 && ok) {
		saved = errno;
		ok = false;
	}
	if (ok && !sync_directory(path)) {
		saved = errno;
		ok = false;
	}
	if (!ok)
		(void)unlink(path);
	errno = saved;
	return ok;
}

static void put_fresh_key(struct pk_buf *out)
{
	const time_t now = time(NULL);
	char created[32];
	struct tm utc;
	uint8_t key[KEY_SIZE];

	(void)strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ ", gmtime_r(&now, &utc));
	pk_buf_put(out, pk_str(created));
	randombytes_buf(key, sizeof(key));
	pk_base64url_encode(out, key, sizeof(key));
	pk_buf_char(out, '\n');
	sodium_memzero(key, sizeof(key));
}

bool keyring_create(const char *path, char *error, size_t error_size)
{
	char memory[256];
	struct pk_buf text = pk_buf(memory, sizeof(memory));
	bool ok;

	pk_buf_put(&text, PK_STR("# Proofkey key ring. The first key seals, all of them open. "
				 "Keep it secret: mode 0600.\n"));
	put_fresh_key(&text);
	ok = write_new(path, pk_buf_str(&text));
	if (!ok)
		(void)snprintf(error, error_size, "key ring %s: %s", path,
			       errno == EEXIST ? "it exists already and is left as it is"
					       : strerror(errno));
	sodium_memzero(memory, sizeof(memory));
	return ok;
}
