/* Whether an answer is one JSON object, and what the provider says where it is not (RFC 6749 5.2,
 * which RFC 7662 and RFC 9126 use too). Trusts nothing in it. */
#include "protocol/reply.h"
#include "base/err.h"
#include "protocol/json.h"
#include "protocol/provider_words.h"

static enum pk_err refuse_as_provider(const json_t *root, int status, const char *what,
				      struct pk_why *why)
{
	const enum pk_err err =
		pk_refuse(why, PK_ERR_PROVIDER_REFUSED, NULL,
			  "the provider refused %s with HTTP status %d", what, status);

	pk_provider_words(why, pk_str(json_string_value(json_object_get(root, "error"))),
			  (struct pk_str){0},
			  pk_str(json_string_value(json_object_get(root, "error_description"))));
	return err;
}

enum pk_err pk_reply_object(const struct pk_http_reply *reply, const char *what, json_t **ret,
			    struct pk_why *why)
{
	json_t *root = pk_json_parse(reply->body);
	enum pk_err err = PK_OK;

	if (reply->status < 200 || reply->status > 299)
		err = refuse_as_provider(root, reply->status, what, why);
	else if (!json_is_object(root))
		err = pk_refuse(
			why, PK_ERR_REPLY_NOT_OAUTH, NULL,
			"the answer with %s, HTTP status %d with %zu bytes, is no JSON object "
			"whose members are there once each",
			what, reply->status, reply->body.len);
	if (err == PK_OK) {
		*ret = root;
		return PK_OK;
	}
	json_decref(root);
	if (why)
		why->status = reply->status;
	return err;
}
