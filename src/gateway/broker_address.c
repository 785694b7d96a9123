/* What may stand in `broker`, and the socket that is made of it. */
#include "gateway/broker_address.h"
#include "base/text.h"
#include "io/http.h"

#include <sys/un.h>
#include <unistd.h>

#define UNIX_SCHEME PK_STR("unix:")
#define ADDRESS_MAX 64 /* characters; the longest IPv6 address with brackets and port has 53 */

struct pk_str broker_address_path(struct pk_str address)
{
	if (!pk_str_starts(address, UNIX_SCHEME))
		return (struct pk_str){0};
	return pk_str_from(address, UNIX_SCHEME.len);
}

/* By number: no name server has a say in it. */
static bool is_loopback(struct pk_str address)
{
	char memory[ADDRESS_MAX + 8];
	struct pk_buf url = pk_buf(memory, sizeof(memory));

	if (!pk_str_starts(address, PK_STR("127.")) && !pk_str_starts(address, PK_STR("[::1]:")))
		return false;

	pk_buf_put(&url, PK_STR("http://"));
	pk_buf_put(&url, address);
	return !url.overflow && pk_uri_is_loopback(pk_buf_str(&url));
}

/* Port 0 would be a free one, which nobody knows. */
static bool has_port(struct pk_str address)
{
	int64_t port = 0;

	while (pk_str_find(address, ':') < address.len)
		(void)pk_str_cut(&address, ':');
	return pk_str_number(address, 65535, &port) && port > 0;
}

const char *broker_address_check(struct pk_str address)
{
	const struct pk_str path = broker_address_path(address);
	const struct sockaddr_un limit = {0};

	if (path.ptr && (!path.len || path.ptr[0] != '/'))
		return "unix: is followed by the whole path, \"unix:/run/proofkey/broker.sock\"";
	if (path.ptr)
		return path.len < sizeof(limit.sun_path)
			       ? NULL
			       : "the path is longer than a unix socket's may be";
	if (!has_port(address) || !is_loopback(address))
		return "it gives tokens away, so it listens on this machine alone: "
		       "\"unix:/run/proofkey/broker.sock\" or \"127.0.0.1:4181\"";
	return NULL;
}

int broker_address_listen(const char *address, char *error, size_t error_size)
{
	const struct pk_str path = broker_address_path(pk_str(address));

	return path.ptr ? http_listen_unix(path.ptr, error, error_size)
			: http_listen(address, false, error, error_size);
}

void broker_address_leave(const char *address)
{
	const struct pk_str path = broker_address_path(pk_str(address));

	if (path.ptr)
		(void)unlink(path.ptr);
}
