/*
 * The address of a Valkey or Redis server: a URI (RFC 3986) as redis-cli and most clients read it.
 * It comes from the administrator's configuration; a mistake in it is told without the password.
 */
#include "vault/redis.h"
#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Copies with %XX decoded; not as forms do, where + is a space: passwords have that. */
static bool decode(struct pk_str text, char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '%') {
			if (text.len - i < 3)
				return false;

			const int high = hex_digit(text.ptr[i + 1]),
				  low = hex_digit(text.ptr[i + 2]);

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (!c || len + 1 >= cap)
			return false;
		out[len++] = c;
	}
	out[len] = 0;
	return true;
}

/* A number from 0 to `max`, or nothing. */
static bool decode_number(struct pk_str text, int64_t max, char *out, size_t cap)
{
	int64_t number;

	return !text.len || (pk_str_number(text, max, &number) && decode(text, out, cap));
}

/* Up to the last @: a password may have one. */
static bool read_user(struct pk_str *text, struct redis_address *ret)
{
	size_t at = text->len;
	struct pk_str password, user;

	while (at && text->ptr[at - 1] != '@')
		at--;
	if (!at)
		return true;
	password = pk_str_first(*text, at - 1);
	user = pk_str_cut(&password, ':');
	*text = pk_str_from(*text, at);
	/* "redis://secret@host" is a user without a password: not what anybody means. */
	return password.len && decode(user, ret->user, sizeof(ret->user)) &&
	       decode(password, ret->password, sizeof(ret->password));
}

static bool read_host(struct pk_str text, struct redis_address *ret)
{
	struct pk_str host = text, port = PK_STR("6379");

	if (pk_str_starts(text, PK_STR("["))) {
		if (pk_str_find(text, ']') == text.len)
			return false;
		host = pk_str_cut(&text, ']');
		host = pk_str_from(host, 1);
		if (text.len && text.ptr[0] != ':')
			return false;
		if (text.len)
			port = pk_str_from(text, 1);
	} else if (pk_str_find(text, ':') < text.len) {
		host = pk_str_cut(&text, ':');
		port = text;
	}
	return host.len && port.len && decode(host, ret->host, sizeof(ret->host)) &&
	       decode_number(port, UINT16_MAX, ret->port, sizeof(ret->port));
}

static bool read_query(struct pk_str query, struct redis_address *ret)
{
	while (query.len) {
		struct pk_str value = pk_str_cut(&query, '&');
		const struct pk_str name = pk_str_cut(&value, '=');
		bool ok = false;

		if (pk_str_equal(name, PK_STR("ca")) && ret->tls)
			ok = value.len && decode(value, ret->ca, sizeof(ret->ca));
		else if (pk_str_equal(name, PK_STR("db")) && !ret->database[0])
			ok = decode_number(value, 9999, ret->database, sizeof(ret->database));
		if (!ok)
			return false;
	}
	return true;
}

/* Gives what is wrong with it, or NULL. */
static const char *read_address(struct pk_str text, struct redis_address *ret)
{
	struct pk_str scheme = pk_str_cut(&text, ':'), query = text;
	const bool is_path = pk_str_equal(scheme, PK_STR("redis+unix"));

	if (!pk_str_starts(text, PK_STR("//")))
		return "it does not begin with redis://, rediss:// or redis+unix://";
	ret->tls = pk_str_equal(scheme, PK_STR("rediss"));
	query = pk_str_from(text, 2);
	/* A password with one of these has it as %2F, %3F or %23, as in every URI. */
	struct pk_str authority = pk_str_cut(&query, '?');
	const size_t slash = pk_str_find(authority, '/');
	const struct pk_str path =
		pk_str_from(authority, slash < authority.len ? slash : authority.len);

	authority = pk_str_first(authority, authority.len - path.len);
	if (!read_user(&authority, ret))
		return "what stands before the @ is not USER:PASSWORD (:PASSWORD without a user)";
	if (is_path) {
		if (authority.len || path.len < 2 || !decode(path, ret->path, sizeof(ret->path)))
			return "no path of a socket is in it";
	} else if (!read_host(authority, ret)) {
		return "no HOST or HOST:PORT is in it";
	} else if (path.len > 1 && !decode_number(pk_str_from(path, 1), 9999, ret->database,
						  sizeof(ret->database))) {
		return "what stands behind the host is not a database's number";
	}
	return read_query(query, ret) ? NULL : "what stands behind the ? is not known here";
}

bool redis_address_parse(const char *address, struct redis_address *ret, char *error,
			 size_t error_size)
{
	*ret = (struct redis_address){0};

	const char *problem = read_address(pk_str(address), ret);

	if (problem) {
		sodium_memzero(ret, sizeof(*ret));
		(void)snprintf(error, error_size, "the address of the Valkey or Redis server: %s",
			       problem);
		return false;
	}
	(void)snprintf(ret->shown, sizeof(ret->shown), "%s%s%s",
		       ret->path[0] ? ret->path : ret->host, ret->path[0] ? "" : ":", ret->port);
	return true;
}
