/*
 * The configuration that `proofkey demo` writes for the gateway. Decides who the client is: the
 * sandbox knows one with a secret and one without, and a dialect that takes secrets gets the one
 * that has it. Every value is escaped: the state directory may be called anything.
 */
#include "cli/demo_config.h"
#include "base/encode.h"
#include "base/text.h"

static const char client_secret[] = "sandbox-secret"; /* public: the sandbox's manual names it */

/* libconfuse expands ${NAME} and reads \xHH in strings with double quotes. */
void demo_config_write_string(struct pk_buf *out, struct pk_str text)
{
	pk_buf_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if ((unsigned char)c < 0x20 || c == 0x7f) {
			pk_buf_put(out, PK_STR("\\x"));
			pk_hex_encode(out, &c, 1);
			continue;
		}
		if (c == '"' || c == '\\' || c == '$')
			pk_buf_char(out, '\\');
		pk_buf_char(out, c);
	}
	pk_buf_char(out, '"');
}

/* `key = "BEFORE VALUE AFTER"` on a line of its own. */
static void write_setting(struct pk_buf *out, const char *key, struct pk_str before,
			  struct pk_str value, struct pk_str after)
{
	char memory[4096];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	pk_buf_put(&text, before);
	pk_buf_put(&text, value);
	pk_buf_put(&text, after);
	pk_buf_put(out, pk_str(key));
	pk_buf_put(out, PK_STR(" = "));
	demo_config_write_string(out, pk_buf_str(&text));
	pk_buf_char(out, '\n');
	out->overflow |= text.overflow;
}

void demo_config_write(const struct demo_config *config, struct pk_buf *out)
{
	static const struct pk_str none = {0};

	pk_buf_put(out, PK_STR("# Written by `proofkey demo`, for the sandbox only.\n"));
	write_setting(out, "public_url", PK_STR("http://"), config->listen, none);
	write_setting(out, "listen", none, config->listen, none);
	write_setting(out, "store", PK_STR("sqlite:"), config->state, PK_STR("/vault.db"));
	write_setting(out, "keys", none, config->state, PK_STR("/keys"));
	write_setting(out, "sandbox", PK_STR("http://"), config->sandbox_listen, none);
	if (config->providers.len)
		write_setting(out, "providers", none, config->providers, none);
	pk_buf_put(out, PK_STR("explain_to_users = true\n"
			       "allow {\n"
			       "  emails = {\"*\"}\n"
			       "  subjects = {\"*\"}\n"
			       "}\n"));
}

static bool takes_secret(const struct pk_dialect *dialect)
{
	return pk_list_has(&dialect->client_auth, PK_STR("basic")) ||
	       pk_list_has(&dialect->client_auth, PK_STR("post"));
}

static bool mentions_host(struct pk_str url)
{
	for (; url.len; url = pk_str_from(url, 1))
		if (pk_str_starts(url, PK_STR("{host}")))
			return true;
	return false;
}

static void write_scopes(struct pk_buf *out, const struct pk_list *scopes)
{
	pk_buf_put(out, PK_STR("scopes = {"));
	for (size_t i = 0; i < scopes->count; i++) {
		pk_buf_put(out, i ? PK_STR(", ") : PK_STR(""));
		demo_config_write_string(out, scopes->item[i]);
	}
	pk_buf_put(out, PK_STR("}\n"));
}

void demo_config_write_login(const struct demo_config *config, const struct pk_dialect *dialect,
			     struct pk_buf *out)
{
	static const struct pk_str none = {0};

	pk_buf_put(out, PK_STR("login "));
	demo_config_write_string(out, dialect->name);
	pk_buf_put(out, PK_STR(" {\n"));
	write_setting(out, "provider", none, dialect->name, none);
	if (takes_secret(dialect)) {
		write_setting(out, "client_id", none, PK_STR("sandbox-client"), none);
		write_setting(out, "client_secret", none, pk_str(client_secret), none);
	} else {
		write_setting(out, "client_id", none, PK_STR("sandbox-public"), none);
	}
	if (mentions_host(dialect->authorize_url) || mentions_host(dialect->token_url))
		write_setting(out, "host", none, config->sandbox_listen, none);
	write_scopes(out, &dialect->scopes);
	pk_buf_put(out, PK_STR("}\n"));
}
