/*
 * Who is registered: one confidential client, one public one, any redirect URI on this machine and
 * those of the command line. RFC 6749 2.1, RFC 8252 7.3. Trusts nothing in a redirect URI: the
 * browser will follow it.
 */
#include "sandbox/clients.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"

#define REDIRECT_URI_MAX 2048

static const struct client clients[] = {
	{{"sandbox-client", 14}, {"sandbox-secret", 14}},
	{{"sandbox-public", 14}, {NULL, 0}},
};

const struct client *client_find(struct pk_str id)
{
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		if (pk_str_equal(id, clients[i].id))
			return &clients[i];
	return NULL;
}

size_t client_index(const struct client *client)
{
	return (size_t)(client - clients);
}

bool client_is_public(const struct client *client)
{
	return !client->secret.len;
}

bool dialect_has_client(const struct pk_dialect *dialect, const struct client *client)
{
	const struct pk_list *ways = &dialect->client_auth;

	return client_is_public(client)
		       ? pk_list_has(ways, PK_STR("none"))
		       : pk_list_has(ways, PK_STR("basic")) || pk_list_has(ways, PK_STR("post"));
}

/* "http://127.0.0.1:80.example.com" is a host for some readers of URIs and a port for others. */
static bool port_is_sound(struct pk_str port)
{
	int64_t number;

	return !port.ptr || pk_str_number(port, 65535, &number);
}

static bool is_ascii(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] >= 0x7f)
			return false;
	return true;
}

bool redirect_uri_is_registered(struct pk_str uri, const struct pk_list *more)
{
	struct pk_uri parts;

	if (pk_list_has(more, uri))
		return true;
	return uri.len <= REDIRECT_URI_MAX && is_ascii(uri) && pk_uri_is_loopback(uri) &&
	       pk_uri_split(uri, &parts) && port_is_sound(parts.port) && !parts.fragment.ptr;
}
