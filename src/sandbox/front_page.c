/* Lists the providers with their endpoints, for people and for programs. Shows what the dialects
 * say, escaped: they may be somebody else's files. */
#include "sandbox/front_page.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/document.h"
#include "sandbox/reply.h"

#define URL_MAX 512
#define TRY_MAX 1024

static const char *const pkce_words[] = {[PK_PKCE_OFF] = "off",
					 [PK_PKCE_SENT] = "optional",
					 [PK_PKCE_REQUIRED] = "required",
					 [PK_PKCE_REFUSED] = "refused"};
static const char *const challenge_words[] = {
	[PK_CHALLENGE_BASE64URL] = "base64url", [PK_CHALLENGE_HEX] = "hex"};

static struct pk_str url_of(const struct exchange *x, const struct provider *provider,
			    struct pk_str path, char memory[static URL_MAX])
{
	struct pk_buf out = pk_buf(memory, URL_MAX);

	if (!path.len)
		return PK_STR("none");
	provider_url(provider, x->sandbox->base, provider->file.dialect.tenant, path, &out);
	return pk_buf_str(&out);
}

/* A dialect that is found by discovery alone has no endpoints that could be here. */
static bool is_played(const struct provider *provider)
{
	return provider->path[AUTHORIZE].len > 0;
}

/* An authorize URL that works in a browser, with the verifier of RFC 7636 Appendix B, which is not
 * secret, and the sandbox's own landing page as redirect URI. */
static struct pk_str try_url(const struct exchange *x, const struct provider *provider,
			     char memory[static TRY_MAX])
{
	const struct pk_str sample = PK_STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	const struct pk_dialect *dialect = &provider->file.dialect;
	char landing[URL_MAX];
	struct pk_buf out = pk_buf(memory, TRY_MAX);
	struct pk_verifier verifier;
	struct pk_challenge challenge;

	provider_url(provider, x->sandbox->base, dialect->tenant, provider->path[AUTHORIZE], &out);
	pk_buf_char(&out, '?');

	const size_t start = out.len;

	pk_form_put(&out, start, PK_STR("response_type"), PK_STR("code"));
	pk_form_put(&out, start, dialect->client_id_parameter,
		    dialect_has_client(dialect, client_find(PK_STR("sandbox-client")))
			    ? PK_STR("sandbox-client")
			    : PK_STR("sandbox-public"));
	pk_form_put(&out, start, PK_STR("redirect_uri"),
		    url_of(x, provider, PK_STR("/_sandbox/callback"), landing));
	if (dialect->scopes_required.count) {
		char scopes[URL_MAX];
		struct pk_buf joined = pk_buf(scopes, sizeof(scopes));

		pk_buf_join(&joined, &dialect->scopes_required, dialect->scope_separator);
		pk_form_put(&out, start, dialect->scope_parameter, pk_buf_str(&joined));
	} else if (dialect->scopes.count) {
		pk_form_put(&out, start, dialect->scope_parameter, dialect->scopes.item[0]);
	}
	if (dialect->response_mode == PK_RESPONSE_MODE_FORM_POST)
		pk_form_put(&out, start, PK_STR("response_mode"), PK_STR("form_post"));
	pk_form_put(&out, start, PK_STR("state"), PK_STR("the-state-of-the-sandbox-itself"));
	if (dialect->pkce != PK_PKCE_OFF && dialect->pkce != PK_PKCE_REFUSED &&
	    pk_verifier_take(sample, &verifier, NULL) == PK_OK) {
		pk_challenge_make(&verifier, dialect->challenge, &challenge);
		pk_form_put(&out, start, PK_STR("code_challenge"), pk_challenge_str(&challenge));
		pk_form_put(&out, start, PK_STR("code_challenge_method"), PK_STR("S256"));
	}
	return pk_buf_str(&out);
}

static void write_provider(const struct exchange *x, const struct provider *provider,
			   struct pk_buf *out)
{
	const struct pk_dialect *dialect = &provider->file.dialect;
	char authorize[URL_MAX];
	char token[URL_MAX];
	char userinfo[URL_MAX];
	char try[TRY_MAX];
	const struct page_field fields[] = {
		{"name", dialect->name},
		{"title", dialect->title},
		{"base", pk_str(x->sandbox->base)},
		{"authorize_url", url_of(x, provider, provider->path[AUTHORIZE], authorize)},
		{"token_url", url_of(x, provider, provider->path[TOKEN], token)},
		{"userinfo_url", url_of(x, provider, provider->path[USERINFO], userinfo)},
		{"client_id_parameter", dialect->client_id_parameter},
		{"pkce", pk_str(pkce_words[dialect->pkce])},
		{"challenge", pk_str(challenge_words[dialect->challenge])},
		{"note", dialect->note},
		{"source", dialect->source},
		{"checked", dialect->checked},
		{"try_href", try_url(x, provider, try)},
	};

	page_render(out, "sandbox-provider.html", fields, sizeof(fields) / sizeof(fields[0]));
}

/* A host that everybody has to name: no company's own. */
static bool is_self_hosted(const struct provider *provider)
{
	return pk_str_starts(provider->file.dialect.authorize_url, PK_STR("https://{host}/"));
}

static struct pk_str write_group(struct exchange *x, bool self_hosted)
{
	const struct providers *providers = &x->sandbox->providers;
	struct pk_buf list = pk_arena_open(x->arena);
	struct pk_str text;

	for (size_t i = 0; i < providers->count; i++)
		if (is_played(&providers->item[i]) &&
		    is_self_hosted(&providers->item[i]) == self_hosted)
			write_provider(x, &providers->item[i], &list);
	return pk_arena_close(x->arena, &list, &text) == PK_OK ? text : PK_STR("");
}

static void front_page_html(struct exchange *x)
{
	const struct page_field fields[] = {
		{"version", pk_str(PROOFKEY_VERSION)},
		{"base", pk_str(x->sandbox->base)},
		{"services", write_group(x, false)},
		{"servers", write_group(x, true)},
	};

	reply_page(x, 200, "sandbox.html", fields, sizeof(fields) / sizeof(fields[0]));
}

static json_t *list_of(const struct pk_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(array,
					    json_stringn(list->item[i].ptr, list->item[i].len));
	return array;
}

/* Whether a GET with the access token as bearer is all that the user info endpoint wants. */
static bool userinfo_is_plain(const struct pk_dialect *dialect)
{
	return dialect->userinfo_method == PK_USERINFO_GET &&
	       dialect->userinfo_token == PK_USERINFO_TOKEN_HEADER &&
	       !dialect->userinfo_query.len && !dialect->userinfo_header.len &&
	       !dialect->userinfo_client_header.len && !dialect->userinfo_subject_parameter.len;
}

static json_t *describe(const struct exchange *x, const struct provider *provider)
{
	const struct pk_dialect *dialect = &provider->file.dialect;
	char memory[URL_MAX];
	json_t *document = json_object();

	document_set(document, PK_STR("name"), dialect->name);
	document_set(document, PK_STR("title"), dialect->title);
	document_set(document, PK_STR("authorize_url"),
		     url_of(x, provider, provider->path[AUTHORIZE], memory));
	document_set(document, PK_STR("token_url"),
		     url_of(x, provider, provider->path[TOKEN], memory));
	if (provider->path[REVOKE].len)
		document_set(document, PK_STR("revoke_url"),
			     url_of(x, provider, provider->path[REVOKE], memory));
	if (provider->path[USERINFO].len)
		document_set(document, PK_STR("userinfo_url"),
			     url_of(x, provider, provider->path[USERINFO], memory));
	document_set(document, PK_STR("client_id_parameter"), dialect->client_id_parameter);
	(void)json_object_set_new(document, "client_auth", list_of(&dialect->client_auth));
	(void)json_object_set_new(document, "public_client_sends_origin",
				  json_boolean(dialect->origin_from_public_clients));
	(void)json_object_set_new(document, "scopes_required", list_of(&dialect->scopes_required));
	(void)json_object_set_new(document, "userinfo_plain",
				  json_boolean(userinfo_is_plain(dialect)));
	document_set(document, PK_STR("scope_parameter"), dialect->scope_parameter);
	document_set(document, PK_STR("scope_separator"), dialect->scope_separator);
	document_set(document, PK_STR("pkce"), pk_str(pkce_words[dialect->pkce]));
	document_set(document, PK_STR("challenge"), pk_str(challenge_words[dialect->challenge]));
	return document;
}

static void front_page_json(struct exchange *x)
{
	const struct providers *providers = &x->sandbox->providers;
	json_t *document = json_object();
	json_t *list = json_array();

	for (size_t i = 0; i < providers->count; i++)
		if (is_played(&providers->item[i]))
			(void)json_array_append_new(list, describe(x, &providers->item[i]));
	(void)json_object_set_new(document, "providers", list);
	reply_document(x, 200, PK_BODY_JSON, document);
}

void front_page(struct exchange *x)
{
	if (pk_str_starts(http_header(x->http, "Accept"), PK_STR("application/json")))
		front_page_json(x);
	else
		front_page_html(x);
}
