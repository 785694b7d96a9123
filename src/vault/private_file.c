/* Reading a secret's file: what is held against it before a byte of it is believed. */
#include "vault/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is wrong with the file behind `fd`, or NULL. */
static const char *distrust(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "it is not a regular file";
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return "it belongs to another user";
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return "others than its owner have permissions on it; chmod 600 helps";
	return NULL;
}

static const char *read_all(int fd, struct pk_buf *out)
{
	while (out->len < out->cap) {
		const ssize_t got = read(fd, out->ptr + out->len, out->cap - out->len);

		if (got == 0)
			return NULL;
		if (got < 0 && errno != EINTR)
			return strerror(errno);
		if (got > 0)
			out->len += (size_t)got;
	}
	return "it is too large for what it should hold";
}

const char *private_file_read(const char *path, struct pk_buf *out)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	const char *problem;

	if (fd < 0)
		return errno == ELOOP ? "it is a symbolic link; name the file itself"
				      : strerror(errno);
	problem = distrust(fd);
	if (!problem)
		problem = read_all(fd, out);
	(void)close(fd);
	return problem;
}
