/*
 * HTTP Basic: the scheme, a space, and the base64 of id and secret with a colon between them (RFC
 * 7617 2), each of the two form-encoded before (RFC 6749 2.3.1). The header alone proves what is
 * wrong with it; what it holds is a secret and is shown shortened.
 */
#include "explain/rules_client.h"
#include "explain/rules_pair.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#define BASIC_MAX 2048

static const struct pk_str nothing;

/* ---- The header ---- */

static bool decode_base64(struct pk_str text, char bytes[static BASIC_MAX], struct pk_str *ret)
{
	size_t size;
	const bool padded = text.len && text.ptr[text.len - 1] == '=';

	if (text.len >= BASIC_MAX ||
	    sodium_base642bin((unsigned char *)bytes, BASIC_MAX, text.ptr, text.len, NULL, &size,
			      NULL,
			      padded ? sodium_base64_VARIANT_ORIGINAL
				     : sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
		return false;
	*ret = (struct pk_str){bytes, size};
	return true;
}

static bool has_any(struct pk_str text, const char *characters)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] && strchr(characters, text.ptr[i]))
			return true;
	return false;
}

static bool has_control(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return true;
	return false;
}

/* What is wrong with what stands after the scheme; NULL when nothing is. */
static const char *flaw_of_credentials(struct pk_str text)
{
	char memory[BASIC_MAX];
	struct pk_str plain = {0};
	const char *flaw = NULL;

	if (pk_str_starts(text, PK_STR("b'")) || pk_str_starts(text, PK_STR("b\"")))
		return "The b'..' of a language that shows bytes so is left in it.";
	if (!text.len || pair_is_unset(text))
		return "There is nothing after the scheme.";
	if (has_any(text, " \t\r\n"))
		return "There is white space within it: the base64 was broken into lines.";
	if (has_any(text, ":"))
		return "The id and the secret stand in it as they are, not in base64.";
	if (has_any(text, "-_"))
		return "It is written in the alphabet for URLs; Basic has + and / instead.";
	if (!decode_base64(text, memory, &plain))
		return "It is no base64.";
	if (!has_any(plain, ":"))
		flaw = "Decoded, there is no colon in it.";
	else if (has_control(plain))
		flaw = "Decoded, there is a line break or another control character in it, as "
		       "echo adds one.";
	sodium_memzero(memory, sizeof(memory));
	return flaw;
}

/* Whether it is the base64 of credentials; which other schemes do not have. */
static bool is_credentials(const struct flow *flow, struct pk_str text)
{
	const struct flow_param *id = client_id_param(flow, &flow->authorize);
	char memory[BASIC_MAX];
	struct pk_str plain;
	bool yes;

	if (!decode_base64(text, memory, &plain))
		return false;
	yes = has_any(plain, ":") && !has_control(plain) &&
	      (!id || pk_str_starts(plain, id->value));
	sodium_memzero(memory, sizeof(memory));
	return yes;
}

static const char *flaw_of_header(const struct flow *flow, struct pk_str header)
{
	const struct pk_str rest = pk_str_from(header, pk_str_find(header, ' '));
	const struct pk_str after = pk_str_from(header, 5);

	if (header.len >= 5 && strncasecmp(header.ptr, "basic", 5) == 0 && after.len &&
	    after.ptr[0] != ' ')
		return "There is no space after Basic.";
	if (header.len >= 5 && strncasecmp(header.ptr, "basic", 5) == 0)
		return flaw_of_credentials(pk_str_trim(after));
	if (!rest.len && is_credentials(flow, header))
		return "The word Basic and a space are missing before it.";
	if (strncasecmp(header.ptr, "bearer ", header.len < 7 ? header.len : 7) == 0 &&
	    is_credentials(flow, pk_str_trim(rest)))
		return "Its scheme is Bearer, and the client's credentials stand in it.";
	return NULL;
}

/* A token that is revoked by showing it, as some providers want it, is no client's proof. */
static bool is_token_itself(const struct flow *flow, const struct flow_part *asked,
			    struct pk_str header)
{
	return asked == &flow->revoke &&
	       (!flow->dialect || flow->dialect->revoke_auth == PK_REVOKE_AUTH_BEARER) &&
	       header.len > 7 && strncasecmp(header.ptr, "Bearer ", 7) == 0;
}

enum verdict look_basic_malformed(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);
	struct pk_str header;
	const char *flaw;

	if (!asked || !asked->event->request.header_count)
		return NOT_VISIBLE;
	header = flow_header(&asked->event->request, "Authorization");
	if (!header.len || pair_is_placeholder(PK_STR("Authorization"), header) ||
	    is_token_itself(flow, asked, header))
		return ABSENT;
	flaw = flaw_of_header(flow, header);
	if (!flaw)
		return ABSENT;
	finding->confidence = client_sure(flow);
	finding->detail = pk_str(flaw);
	show_secret(finding, asked, "Authorization", header, nothing);
	return PRESENT;
}

/* ---- Its two halves ---- */

enum half {
	HALF_ENCODED, /* or has nothing that would need it */
	HALF_PLUS,    /* a + is a space that was encoded, or was not encoded itself */
	HALF_PLAIN,   /* it has a character that no form encoder writes, and decodes to itself */
	HALF_BROKEN,  /* it has such a character, and decodes to another text or to none */
};

static bool is_escape(struct pk_str text)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	return text.len >= 3 && memchr(digits, text.ptr[1], sizeof(digits) - 1) &&
	       memchr(digits, text.ptr[2], sizeof(digits) - 1);
}

static bool is_form_character(struct pk_str text)
{
	const char c = text.ptr[0];

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c == '%' && is_escape(text)) || (c && strchr("-._~*+", c));
}

static enum half read_half(struct pk_str raw)
{
	bool plain = false, decodes_to_itself = true;

	for (size_t i = 0; i < raw.len; i++) {
		const struct pk_str rest = pk_str_from(raw, i);

		plain |= !is_form_character(rest);
		decodes_to_itself &= raw.ptr[i] != '+' && raw.ptr[i] != '%';
	}
	if (plain)
		return decodes_to_itself ? HALF_PLAIN : HALF_BROKEN;
	return has_any(raw, "+") ? HALF_PLUS : HALF_ENCODED;
}

/* A colon that was not encoded cuts the id in two. */
static bool is_cut_at_colon(const struct flow *flow, struct pk_str raw_id)
{
	const struct flow_param *id = client_id_param(flow, &flow->authorize);

	return id && raw_id.len && raw_id.len < id->value.len && pk_str_starts(id->value, raw_id) &&
	       id->value.ptr[raw_id.len] == ':';
}

static bool is_id_decoded_wrong(const struct flow *flow, const struct flow_part *part)
{
	const struct flow_param *id = client_id_param(flow, &flow->authorize);

	return id && pk_str_equal(part->basic_raw_id, id->value) &&
	       !pk_str_equal(part->basic_id, id->value);
}

enum verdict look_basic_not_form_encoded(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);
	struct pk_finding other = {0};
	enum half id, secret;

	if (!asked || !asked->basic_raw_id.ptr)
		return NOT_VISIBLE;
	if (!client_is_refused(flow) || look_basic_malformed(flow, &other) == PRESENT ||
	    pair_is_placeholder(PK_STR("client_id"), asked->basic_raw_id) ||
	    pair_is_placeholder(PK_STR("client_secret"), asked->basic_raw_secret))
		return ABSENT;
	id = read_half(asked->basic_raw_id);
	secret = read_half(asked->basic_raw_secret);
	if (id == HALF_ENCODED && secret == HALF_ENCODED &&
	    !is_cut_at_colon(flow, asked->basic_raw_id))
		return client_by_words(flow, finding, "basic-not-form-encoded");
	finding->confidence = id == HALF_BROKEN || secret == HALF_BROKEN ||
					      is_id_decoded_wrong(flow, asked) ||
					      is_cut_at_colon(flow, asked->basic_raw_id)
				      ? PK_PROVED
				      : PK_LIKELY;
	if (finding->confidence == PK_LIKELY)
		finding->detail = PK_STR("Some providers do not decode the two halves and take "
					 "them as they are here.");
	show_secret(finding, asked, "Authorization",
		    secret == HALF_ENCODED ? asked->basic_raw_id : asked->basic_raw_secret,
		    nothing);
	return PRESENT;
}
