/*
 * Dialects: reading and writing the files in providers/. The reader is our own because the core may
 * not do I/O, expand the environment or keep state between calls, which configuration libraries do;
 * it knows one statement, `key = value`. Trusts nothing: an override directory is somebody else's
 * file.
 */
#include "protocol/dialect.h"
#include "base/err.h"
#include "base/text.h"

#include <stddef.h>

static const char *const pkce_choices[] = {"off", "sent", "required", "refused", NULL};
static const char *const challenge_choices[] = {"base64url", "hex", NULL};
static const char *const shape_choices[] = {"checked", "unchecked", "characters", NULL};
static const char *const verifier_choices[] = {"checked", "unchecked", NULL};
static const char *const method_missing_choices[] = {"plain", "S256", "refused", NULL};
static const char *const mode_choices[] = {"query", "form_post", NULL};
static const char *const request_choices[] = {"form", "json", "query", NULL};
static const char *const reply_choices[] = {"form", "json", "accept", NULL};
static const char *const reply_scope_choices[] = {"text", "array", "absent", NULL};
static const char *const expires_choices[] = {"number", "text", "absent", NULL};
static const char *const alg_choices[] = {"none", "RS256", "ES256", "HS256", NULL};
static const char *const userinfo_method_choices[] = {"GET", "POST", NULL};
static const char *const userinfo_token_choices[] = {"header", "query", NULL};
static const char *const revoke_auth_choices[] = {"client", "bearer", NULL};
static const char *const subject_choices[] = {"text", "number", NULL};

#define AT(member) offsetof(struct pk_dialect, member)

/* clang-format off */
const struct pk_column pk_columns[] = {
	{"title",                           PK_COLUMN_TEXT,    AT(title),                            NULL,                     true },
	{"source",                          PK_COLUMN_TEXT,    AT(source),                           NULL,                     true },
	{"checked",                         PK_COLUMN_TEXT,    AT(checked),                          NULL,                     true },
	{"unconfirmed",                     PK_COLUMN_LIST,    AT(unconfirmed),                      NULL,                     false},
	{"note",                            PK_COLUMN_TEXT,    AT(note),                             NULL,                     false},

	{"authorize_url",                   PK_COLUMN_TEXT,    AT(authorize_url),                    NULL,                     false},
	{"token_url",                       PK_COLUMN_TEXT,    AT(token_url),                        NULL,                     false},
	{"refresh_url",                     PK_COLUMN_TEXT,    AT(refresh_url),                      NULL,                     false},
	{"revoke_url",                      PK_COLUMN_TEXT,    AT(revoke_url),                       NULL,                     false},
	{"userinfo_url",                    PK_COLUMN_TEXT,    AT(userinfo_url),                     NULL,                     false},
	{"introspect_url",                  PK_COLUMN_TEXT,    AT(introspect_url),                   NULL,                     false},
	{"end_session_url",                 PK_COLUMN_TEXT,    AT(end_session_url),                  NULL,                     false},
	{"par_url",                         PK_COLUMN_TEXT,    AT(par_url),                          NULL,                     false},
	{"jwks_url",                        PK_COLUMN_TEXT,    AT(jwks_url),                         NULL,                     false},
	{"discovery_url",                   PK_COLUMN_TEXT,    AT(discovery_url),                    NULL,                     false},
	{"issuer",                          PK_COLUMN_TEXT,    AT(issuer),                           NULL,                     false},
	{"callback_issuer",                 PK_COLUMN_BOOL,    AT(callback_issuer),                  NULL,                     false},
	{"regions",                         PK_COLUMN_LIST,    AT(regions),                          NULL,                     false},
	{"tenant",                          PK_COLUMN_TEXT,    AT(tenant),                           NULL,                     false},

	{"client_id_parameter",             PK_COLUMN_TEXT,    AT(client_id_parameter),              NULL,                     false},
	{"client_secret_parameter",         PK_COLUMN_TEXT,    AT(client_secret_parameter),          NULL,                     false},
	{"client_auth",                     PK_COLUMN_LIST,    AT(client_auth),                      NULL,                     true },
	{"client_secret_audience",          PK_COLUMN_TEXT,    AT(client_secret_audience),           NULL,                     false},
	{"origin_from_public_clients",      PK_COLUMN_BOOL,    AT(origin_from_public_clients),       NULL,                     false},

	{"scope_parameter",                 PK_COLUMN_TEXT,    AT(scope_parameter),                  NULL,                     false},
	{"scope_separator",                 PK_COLUMN_TEXT,    AT(scope_separator),                  NULL,                     false},
	{"scopes",                          PK_COLUMN_LIST,    AT(scopes),                           NULL,                     false},
	{"scopes_fixed",                    PK_COLUMN_LIST,    AT(scopes_fixed),                     NULL,                     false},
	{"scopes_required",                 PK_COLUMN_LIST,    AT(scopes_required),                  NULL,                     false},
	{"plus_is_space",                   PK_COLUMN_BOOL,    AT(plus_is_space),                    NULL,                     false},
	{"authorize_query",                 PK_COLUMN_TEXT,    AT(authorize_query),                  NULL,                     false},
	{"authorize_fragment",              PK_COLUMN_TEXT,    AT(authorize_fragment),               NULL,                     false},
	{"state_min",                       PK_COLUMN_NUMBER,  AT(state_min),                        NULL,                     false},
	{"response_mode",                   PK_COLUMN_CHOICE,  AT(response_mode),                    mode_choices,             false},

	{"code_prefix",                     PK_COLUMN_TEXT,    AT(code_prefix),                      NULL,                     false},
	{"code_suffix",                     PK_COLUMN_TEXT,    AT(code_suffix),                      NULL,                     false},
	{"callback_more",                   PK_COLUMN_TEXT,    AT(callback_more),                    NULL,                     false},
	{"callback_fragment",               PK_COLUMN_TEXT,    AT(callback_fragment),                NULL,                     false},
	{"callback_scope_parameter",        PK_COLUMN_TEXT,    AT(callback_scope_parameter),         NULL,                     false},
	{"callback_error_text_parameter",   PK_COLUMN_TEXT,    AT(callback_error_text_parameter),    NULL,                     false},
	{"callback_error_number_parameter", PK_COLUMN_TEXT,    AT(callback_error_number_parameter),  NULL,                     false},

	{"pkce",                            PK_COLUMN_CHOICE,  AT(pkce),                             pkce_choices,             true },
	{"challenge",                       PK_COLUMN_CHOICE,  AT(challenge),                        challenge_choices,        false},
	{"challenge_shape",                 PK_COLUMN_CHOICE,  AT(challenge_shape),                  shape_choices,            false},
	{"verifier_shape",                  PK_COLUMN_CHOICE,  AT(verifier_shape),                   verifier_choices,         false},
	{"challenge_method",                PK_COLUMN_TEXT,    AT(challenge_method),                 NULL,                     false},
	{"method_missing",                  PK_COLUMN_CHOICE,  AT(method_missing),                   method_missing_choices,   false},
	{"plain",                           PK_COLUMN_BOOL,    AT(plain),                            NULL,                     false},
	{"failed_check_burns_code",         PK_COLUMN_BOOL,    AT(failed_check_burns_code),          NULL,                     false},

	{"redirect_rules",                  PK_COLUMN_LIST,    AT(redirect_rules),                   NULL,                     true },

	{"token_request",                   PK_COLUMN_CHOICE,  AT(token_request),                    request_choices,          false},
	{"token_parameters",                PK_COLUMN_TEXT,    AT(token_parameters),                 NULL,                     false},
	{"dpop",                            PK_COLUMN_BOOL,    AT(dpop),                             NULL,                     false},

	{"token_reply",                     PK_COLUMN_CHOICE,  AT(token_reply),                      reply_choices,            false},
	{"token_reply_type",                PK_COLUMN_TEXT,    AT(token_reply_type),                 NULL,                     false},
	{"token_reply_at",                  PK_COLUMN_TEXT,    AT(token_reply_at),                   NULL,                     false},
	{"token_reply_more",                PK_COLUMN_TEXT,    AT(token_reply_more),                 NULL,                     false},
	{"token_type",                      PK_COLUMN_TEXT,    AT(token_type),                       NULL,                     false},
	{"token_subject",                   PK_COLUMN_TEXT,    AT(token_subject),                    NULL,                     false},
	{"reply_scope",                     PK_COLUMN_CHOICE,  AT(reply_scope),                      reply_scope_choices,      false},
	{"reply_scope_separator",           PK_COLUMN_TEXT,    AT(reply_scope_separator),            NULL,                     false},
	{"expires_in",                      PK_COLUMN_CHOICE,  AT(expires_in),                       expires_choices,          false},
	{"refresh_lifetime_parameter",      PK_COLUMN_TEXT,    AT(refresh_lifetime_parameter),       NULL,                     false},
	{"id_token_alg",                    PK_COLUMN_CHOICE,  AT(id_token_alg),                     alg_choices,              false},

	{"error_status",                    PK_COLUMN_NUMBER,  AT(error_status),                     NULL,                     false},
	{"ok_at",                           PK_COLUMN_TEXT,    AT(ok_at),                            NULL,                     false},
	{"error_at",                        PK_COLUMN_TEXT,    AT(error_at),                         NULL,                     false},
	{"error_text_at",                   PK_COLUMN_TEXT,    AT(error_text_at),                    NULL,                     false},
	{"error_number_at",                 PK_COLUMN_TEXT,    AT(error_number_at),                  NULL,                     false},
	{"error_more",                      PK_COLUMN_TEXT,    AT(error_more),                       NULL,                     false},
	{"log_id_parameter",                PK_COLUMN_TEXT,    AT(log_id_parameter),                 NULL,                     false},

	{"refresh_asked_by",                PK_COLUMN_TEXT,    AT(refresh_asked_by),                 NULL,                     false},
	{"refresh_scope",                   PK_COLUMN_BOOL,    AT(refresh_scope),                    NULL,                     false},
	{"refresh_rotates",                 PK_COLUMN_BOOL,    AT(refresh_rotates),                  NULL,                     false},

	{"userinfo_method",                 PK_COLUMN_CHOICE,  AT(userinfo_method),                  userinfo_method_choices,  false},
	{"userinfo_token",                  PK_COLUMN_CHOICE,  AT(userinfo_token),                   userinfo_token_choices,   false},
	{"userinfo_query",                  PK_COLUMN_TEXT,    AT(userinfo_query),                   NULL,                     false},
	{"userinfo_header",                 PK_COLUMN_TEXT,    AT(userinfo_header),                  NULL,                     false},
	{"userinfo_client_header",          PK_COLUMN_TEXT,    AT(userinfo_client_header),           NULL,                     false},
	{"userinfo_subject_parameter",      PK_COLUMN_TEXT,    AT(userinfo_subject_parameter),       NULL,                     false},
	{"userinfo_subject",                PK_COLUMN_TEXT,    AT(userinfo_subject),                 NULL,                     false},
	{"userinfo_name",                   PK_COLUMN_TEXT,    AT(userinfo_name),                    NULL,                     false},
	{"userinfo_email",                  PK_COLUMN_TEXT,    AT(userinfo_email),                   NULL,                     false},
	{"userinfo_email_verified",         PK_COLUMN_TEXT,    AT(userinfo_email_verified),          NULL,                     false},
	{"userinfo_picture",                PK_COLUMN_TEXT,    AT(userinfo_picture),                 NULL,                     false},
	{"userinfo_error",                  PK_COLUMN_TEXT,    AT(userinfo_error),                   NULL,                     false},
	{"subject_type",                    PK_COLUMN_CHOICE,  AT(subject_type),                     subject_choices,          false},

	{"revoke_token_parameter",          PK_COLUMN_TEXT,    AT(revoke_token_parameter),           NULL,                     false},
	{"revoke_auth",                     PK_COLUMN_CHOICE,  AT(revoke_auth),                      revoke_auth_choices,      false},

	{"code_lifetime",                   PK_COLUMN_NUMBER,  AT(code_lifetime),                    NULL,                     false},
	{"access_lifetime",                 PK_COLUMN_NUMBER,  AT(access_lifetime),                  NULL,                     false},
	{"refresh_lifetime",                PK_COLUMN_NUMBER,  AT(refresh_lifetime),                 NULL,                     false},
};
/* clang-format on */

const size_t pk_column_count = sizeof(pk_columns) / sizeof(pk_columns[0]);

const struct pk_dialect pk_dialect_defaults = {
	.client_id_parameter = {"client_id", 9},
	.client_secret_parameter = {"client_secret", 13},
	.scope_parameter = {"scope", 5},
	.scope_separator = {" ", 1},
	.plus_is_space = true,
	.callback_error_text_parameter = {"error_description", 17},
	.challenge_method = {"S256", 4},
	.token_reply = PK_BODY_JSON, /* RFC 6749 5.1 */
	.token_type = {"Bearer", 6},
	.error_at = {"/error", 6},
	.error_text_at = {"/error_description", 18},
	.revoke_token_parameter = {"token", 5},
	.userinfo_subject = {"/sub", 4},
	.code_lifetime = 60,
	.access_lifetime = 3600,
};

/* Where the reader stands. */
struct reader {
	struct pk_str left; /* of the current line */
	unsigned line;
	struct pk_why *why;
};

static enum pk_err refuse(const struct reader *reader, enum pk_err err, const char *key,
			  const char *what)
{
	const enum pk_err refused =
		pk_refuse(reader->why, err, key, "%s%s%s", key ? key : "", key ? ": " : "", what);

	if (reader->why)
		reader->why->line = reader->line;
	return refused;
}

static struct pk_str skip_space(struct pk_str text)
{
	while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = pk_str_from(text, 1);
	return text;
}

/* Takes `"..."`. There are no escapes: no value needs a quote. */
static bool read_quoted(struct reader *reader, struct pk_str *ret)
{
	if (!reader->left.len || reader->left.ptr[0] != '"')
		return false;

	const struct pk_str rest = pk_str_from(reader->left, 1);
	const size_t end = pk_str_find(rest, '"');

	if (end == rest.len)
		return false;
	for (size_t i = 0; i < end; i++)
		if ((unsigned char)rest.ptr[i] < 0x20)
			return false;
	*ret = pk_str_first(rest, end);
	reader->left = skip_space(pk_str_from(rest, end + 1));
	return true;
}

static enum pk_err read_list(struct reader *reader, const char *key, struct pk_list *ret)
{
	struct pk_str item;

	*ret = (struct pk_list){0};
	if (!reader->left.len || reader->left.ptr[0] != '{')
		return refuse(reader, PK_ERR_DIALECT_VALUE, key,
			      "a list is written {\"a\", \"b\"}");
	reader->left = skip_space(pk_str_from(reader->left, 1));
	while (reader->left.len && reader->left.ptr[0] != '}') {
		if (!read_quoted(reader, &item))
			return refuse(reader, PK_ERR_DIALECT_VALUE, key,
				      "a list is written {\"a\", \"b\"}");
		if (!item.len)
			return refuse(reader, PK_ERR_DIALECT_VALUE, key, "an item is empty");
		if (pk_list_add(ret, item) != PK_OK)
			return refuse(reader, PK_ERR_DIALECT_VALUE, key, "the list is too long");
		if (reader->left.len && reader->left.ptr[0] == ',')
			reader->left = skip_space(pk_str_from(reader->left, 1));
		else if (reader->left.len && reader->left.ptr[0] != '}')
			return refuse(reader, PK_ERR_DIALECT_VALUE, key,
				      "a comma stands between the items of a list");
	}
	if (!reader->left.len)
		return refuse(reader, PK_ERR_DIALECT_VALUE, key, "the list has no } on its line");
	reader->left = skip_space(pk_str_from(reader->left, 1));
	return PK_OK;
}

/* Takes a word without quotes: true, 3600. */
static struct pk_str read_word(struct reader *reader)
{
	size_t len = 0;

	while (len < reader->left.len && reader->left.ptr[len] != ' ' &&
	       reader->left.ptr[len] != '\t' && reader->left.ptr[len] != '#')
		len++;

	const struct pk_str word = pk_str_first(reader->left, len);

	reader->left = skip_space(pk_str_from(reader->left, len));
	return word;
}

/* A choice is an `int`-sized enum of struct pk_dialect; the compiler is held to that here, where
 * they are written as such. */
_Static_assert(sizeof(enum pk_pkce) == sizeof(int) &&
		       sizeof(enum pk_challenge_encoding) == sizeof(int) &&
		       sizeof(enum pk_challenge_shape) == sizeof(int) &&
		       sizeof(enum pk_method_missing) == sizeof(int) &&
		       sizeof(enum pk_verifier_shape) == sizeof(int) &&
		       sizeof(enum pk_response_mode) == sizeof(int) &&
		       sizeof(enum pk_reply_scope) == sizeof(int) &&
		       sizeof(enum pk_expires_in) == sizeof(int) &&
		       sizeof(enum pk_id_token_alg) == sizeof(int) &&
		       sizeof(enum pk_userinfo_method) == sizeof(int) &&
		       sizeof(enum pk_userinfo_token) == sizeof(int) &&
		       sizeof(enum pk_revoke_auth) == sizeof(int) &&
		       sizeof(enum pk_subject_type) == sizeof(int) &&
		       sizeof(enum pk_request_body) == sizeof(int) &&
		       sizeof(enum pk_body) == sizeof(int),
	       "choices are stored through a pointer to int");

static enum pk_err read_value(struct reader *reader, const struct pk_column *column,
			      struct pk_dialect *dialect)
{
	void *const at = (unsigned char *)dialect + column->offset;
	struct pk_str text;

	switch (column->type) {
	case PK_COLUMN_TEXT:
		if (!read_quoted(reader, at))
			return refuse(reader, PK_ERR_DIALECT_VALUE, column->key,
				      "the value is text in \"quotes\"");
		return PK_OK;
	case PK_COLUMN_LIST:
		return read_list(reader, column->key, at);
	case PK_COLUMN_CHOICE:
		if (!read_quoted(reader, &text))
			return refuse(reader, PK_ERR_DIALECT_VALUE, column->key,
				      "the value is one of a few words, in \"quotes\"");
		for (int i = 0; column->choices[i]; i++) {
			if (pk_str_equal(text, pk_str(column->choices[i]))) {
				*(int *)at = i;
				return PK_OK;
			}
		}
		return refuse(reader, PK_ERR_DIALECT_VALUE, column->key,
			      "the value is none of the words that this key takes");
	case PK_COLUMN_BOOL:
		text = read_word(reader);
		if (!pk_str_equal(text, PK_STR("true")) && !pk_str_equal(text, PK_STR("false")))
			return refuse(reader, PK_ERR_DIALECT_VALUE, column->key,
				      "the value is true or false");
		*(bool *)at = text.len == 4;
		return PK_OK;
	case PK_COLUMN_NUMBER:
		if (!pk_str_number(read_word(reader), (int64_t)10 * 366 * 86400, at))
			return refuse(reader, PK_ERR_DIALECT_VALUE, column->key,
				      "the value is a whole number, of seconds ten years' at most");
		return PK_OK;
	}
	return PK_ERR_ARGUMENT;
}

static bool is_check_name(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return text.len > 0;
}

/* `error.CHECK = "400 invalid_grant Authorization code is expired."` */
static enum pk_err read_refusal(struct reader *reader, struct pk_str check,
				struct pk_dialect *dialect)
{
	struct pk_str text;
	int64_t status;

	if (!is_check_name(check))
		return refuse(reader, PK_ERR_DIALECT_KEY, "error",
			      "a check's name is small letters, digits and hyphens");
	if (pk_dialect_refusal(dialect, check))
		return refuse(reader, PK_ERR_DIALECT_KEY, "error",
			      "this check has its words already");
	if (dialect->refusal_count == PK_REFUSALS_MAX)
		return refuse(reader, PK_ERR_DIALECT_KEY, "error", "too many refusals");
	if (!read_quoted(reader, &text))
		return refuse(reader, PK_ERR_DIALECT_VALUE, "error",
			      "the value is \"STATUS CODE TEXT\"");
	if (!pk_str_number(pk_str_cut(&text, ' '), 599, &status) || status < 200)
		return refuse(reader, PK_ERR_DIALECT_VALUE, "error",
			      "the value starts with an HTTP status");

	struct pk_str number = pk_str_cut(&text, ' ');
	const struct pk_str code = pk_str_cut(&number, '/');

	if (!code.len)
		return refuse(reader, PK_ERR_DIALECT_VALUE, "error",
			      "an error code follows the HTTP status");
	dialect->refusal[dialect->refusal_count++] =
		(struct pk_refusal){check, (int)status, code, number, text};
	return PK_OK;
}

static enum pk_err read_statement(struct reader *reader, struct pk_dialect *dialect, bool *seen)
{
	const size_t equals = pk_str_find(reader->left, '=');

	if (equals == reader->left.len)
		return refuse(reader, PK_ERR_DIALECT_SYNTAX, NULL,
			      "a line is `key = value`, empty, or a # comment");

	const struct pk_str key = pk_str_trim(pk_str_first(reader->left, equals));

	reader->left = skip_space(pk_str_from(reader->left, equals + 1));
	if (pk_str_starts(key, PK_STR("error."))) {
		TRY(read_refusal(reader, pk_str_from(key, 6), dialect));
	} else {
		size_t i = 0;

		while (i < pk_column_count && !pk_str_equal(key, pk_str(pk_columns[i].key)))
			i++;
		if (i == pk_column_count)
			return refuse(reader, PK_ERR_DIALECT_KEY, NULL,
				      "there is no such key; `proofkey provider show` lists them");
		if (seen[i])
			return refuse(reader, PK_ERR_DIALECT_KEY, pk_columns[i].key,
				      "the key is given twice");
		seen[i] = true;
		TRY(read_value(reader, &pk_columns[i], dialect));
	}
	if (reader->left.len && reader->left.ptr[0] != '#')
		return refuse(reader, PK_ERR_DIALECT_SYNTAX, NULL,
			      "something follows the value; each statement has its own line");
	return PK_OK;
}

/* The required keys, and then what only the whole dialect shows. */
static enum pk_err check_whole(const struct reader *reader, const struct pk_dialect *dialect,
			       const bool *seen)
{
	for (size_t i = 0; i < pk_column_count; i++)
		if (pk_columns[i].required && !seen[i])
			return refuse(reader, PK_ERR_DIALECT_INCOMPLETE, pk_columns[i].key,
				      "every dialect needs this key");

	const enum pk_err err = pk_dialect_check(dialect, reader->why);

	if (err != PK_OK && reader->why)
		reader->why->line = reader->line;
	return err;
}

enum pk_err pk_dialect_parse(struct pk_str name, struct pk_str text, struct pk_dialect *ret,
			     struct pk_why *why)
{
	bool seen[sizeof(pk_columns) / sizeof(pk_columns[0])] = {false};
	struct reader reader = {.why = why};
	struct pk_dialect dialect = pk_dialect_defaults;

	dialect.name = name;
	while (text.ptr) {
		reader.left = pk_str_trim(pk_str_cut(&text, '\n'));
		reader.line++;
		if (reader.left.len && reader.left.ptr[0] != '#')
			TRY(read_statement(&reader, &dialect, seen));
	}
	TRY(check_whole(&reader, &dialect, seen));
	*ret = dialect;
	return PK_OK;
}

const struct pk_refusal *pk_dialect_refusal(const struct pk_dialect *dialect, struct pk_str check)
{
	for (size_t i = 0; i < dialect->refusal_count; i++)
		if (pk_str_equal(dialect->refusal[i].check, check))
			return &dialect->refusal[i];
	return NULL;
}

static void write_quoted(struct pk_buf *out, struct pk_str text)
{
	pk_buf_char(out, '"');
	pk_buf_put(out, text);
	pk_buf_char(out, '"');
}

static void write_value(const struct pk_column *column, const struct pk_dialect *dialect,
			struct pk_buf *out)
{
	const void *const at = (const unsigned char *)dialect + column->offset;
	const struct pk_list *list = at;

	switch (column->type) {
	case PK_COLUMN_TEXT:
		write_quoted(out, *(const struct pk_str *)at);
		break;
	case PK_COLUMN_LIST:
		pk_buf_char(out, '{');
		for (size_t i = 0; i < list->count; i++) {
			pk_buf_put(out, i ? PK_STR(", ") : PK_STR(""));
			write_quoted(out, list->item[i]);
		}
		pk_buf_char(out, '}');
		break;
	case PK_COLUMN_CHOICE:
		write_quoted(out, pk_str(column->choices[*(const int *)at]));
		break;
	case PK_COLUMN_BOOL:
		pk_buf_put(out, *(const bool *)at ? PK_STR("true") : PK_STR("false"));
		break;
	case PK_COLUMN_NUMBER:
		pk_buf_number(out, *(const int64_t *)at);
		break;
	}
}

void pk_dialect_write(const struct pk_dialect *dialect, struct pk_buf *out)
{
	for (size_t i = 0; i < pk_column_count; i++) {
		pk_buf_put(out, pk_str(pk_columns[i].key));
		pk_buf_put(out, PK_STR(" = "));
		write_value(&pk_columns[i], dialect, out);
		pk_buf_char(out, '\n');
	}
	for (size_t i = 0; i < dialect->refusal_count; i++) {
		const struct pk_refusal *refusal = &dialect->refusal[i];

		pk_buf_put(out, PK_STR("error."));
		pk_buf_put(out, refusal->check);
		pk_buf_put(out, PK_STR(" = \""));
		pk_buf_number(out, refusal->status);
		pk_buf_char(out, ' ');
		pk_buf_put(out, refusal->code);
		if (refusal->number.ptr) {
			pk_buf_char(out, '/');
			pk_buf_put(out, refusal->number);
		}
		if (refusal->text.len) {
			pk_buf_char(out, ' ');
			pk_buf_put(out, refusal->text);
		}
		pk_buf_put(out, PK_STR("\"\n"));
	}
}
