/*
 * The allow-list. A subject is unique at its provider only, so its patterns name the login too. An
 * e-mail address with more or fewer than one @ matches nothing: "mallory@evil.example@example.com"
 * must not pass for *@example.com.
 */
#include "gateway/allow.h"
#include "base/text.h"

static char fold_case(char c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool allow_matches(struct pk_str pattern, struct pk_str text, bool fold)
{
	size_t p = 0, t = 0, star = pattern.len, resume = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.len &&
			   fold_case(pattern.ptr[p], fold) == fold_case(text.ptr[t], fold)) {
			p++;
			t++;
		} else if (star < pattern.len) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

static bool is_address(struct pk_str email)
{
	const size_t at = pk_str_find(email, '@');
	const struct pk_str domain = pk_str_from(email, at + 1);

	return at > 0 && domain.len && pk_str_find(domain, '@') == domain.len;
}

bool allow_passes(const struct settings *settings, struct pk_str login,
		  const struct pk_identity *identity)
{
	char memory[512];
	struct pk_buf subject = pk_buf(memory, sizeof(memory));

	pk_buf_put(&subject, login);
	pk_buf_char(&subject, '/');
	pk_buf_put(&subject, identity->subject);
	for (size_t i = 0; i < settings->allow_subjects.count && !subject.overflow; i++)
		if (allow_matches(settings->allow_subjects.item[i], pk_buf_str(&subject), false))
			return true;
	for (size_t i = 0; i < settings->allow_emails.count; i++)
		if (is_address(identity->email) &&
		    allow_matches(settings->allow_emails.item[i], identity->email, true))
			return true;
	return false;
}
