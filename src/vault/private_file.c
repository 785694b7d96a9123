/* Reading a secret's file: what is held against it before a byte of it is believed. */
#include "vault/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <endian.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACL_ENTRIES_MAX 16

/* Whether one entry of an access control list lets in who has no business here: anybody but the
 * owner, root and us. The mask lets nobody in, it only limits the others. */
static bool lets_others_in(const struct posix_acl_xattr_entry *entry)
{
	const uint32_t id = le32toh(entry->e_id);

	switch (le16toh(entry->e_tag)) {
	case ACL_USER_OBJ:
	case ACL_MASK:
		return false;
	case ACL_USER:
		return entry->e_perm && id != geteuid() && id != 0;
	default:
		return entry->e_perm;
	}
}

/* A file with an access control list shows its mask as the permissions of the group. Whether nobody
 * but this user is behind it. */
static bool group_is_us(int fd)
{
	struct {
		struct posix_acl_xattr_header head;
		struct posix_acl_xattr_entry entry[ACL_ENTRIES_MAX];
	} list;
	const ssize_t size = fgetxattr(fd, "system.posix_acl_access", &list, sizeof(list));

	if (size < (ssize_t)sizeof(list.head) ||
	    le32toh(list.head.a_version) != POSIX_ACL_XATTR_VERSION)
		return false;

	const size_t bytes = (size_t)size - sizeof(list.head);

	for (size_t i = 0; i < bytes / sizeof(list.entry[0]); i++)
		if (lets_others_in(&list.entry[i]))
			return false;
	return bytes % sizeof(list.entry[0]) == 0;
}

/* What is wrong with the file behind `fd`, or NULL. */
static const char *distrust(int fd, enum private_owner owner)
{
	struct stat status;
	const bool anybody = owner == PRIVATE_OF_ANYBODY && geteuid() == 0;

	if (fstat(fd, &status) != 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "it is not a regular file";
	if (status.st_uid != geteuid() && status.st_uid != 0 && !anybody)
		return "it belongs to another user";
	if ((status.st_mode & S_IRWXO) || ((status.st_mode & S_IRWXG) && !group_is_us(fd)))
		return "others than its owner have permissions on it; chmod 600 helps";
	return NULL;
}

const char *private_file_take(int fd, struct pk_buf *out)
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

int private_file_open(const char *path, enum private_owner owner, const char **problem)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		*problem = errno == ELOOP ? "it is a symbolic link; name the file itself"
					  : strerror(errno);
		return -1;
	}
	*problem = distrust(fd, owner);
	if (!*problem)
		return fd;
	(void)close(fd);
	return -1;
}

const char *private_file_read(const char *path, struct pk_buf *out)
{
	const char *problem = NULL;
	const int fd = private_file_open(path, PRIVATE_OURS, &problem);

	if (fd < 0)
		return problem;
	problem = private_file_take(fd, out);
	(void)close(fd);
	return problem;
}
