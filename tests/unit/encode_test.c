/* Encodings against the published vectors (RFC 4648 10, RFC 7636 A, RFC 6749 B), and the two
 * decoders of base64url against each other. */
#include "setting.h"

#include "base/encode.h"
#include "base/text.h"

/* The 32 bytes of RFC 7636 Appendix B, its verifier, and the SHA-256 of that. */
static const uint8_t appendix_b[32] = {116, 24,  223, 180, 151, 153, 224, 37,  79,  250, 96,
				       125, 216, 173, 187, 186, 22,  212, 37,  77,  105, 214,
				       191, 240, 91,  88,  5,   88,  83,  132, 141, 121};

static struct pk_buf scratch(void)
{
	static char memory[1024];

	return pk_buf(memory, sizeof(memory));
}

static void base64url_has_the_published_vectors(void **state)
{
	static const struct {
		const char *bytes, *text, *padded;
	} rows[] = {
		{"", "", ""},
		{"f", "Zg", "Zg=="},
		{"fo", "Zm8", "Zm8="},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg", "Zm9vYg=="},
		{"fooba", "Zm9vYmE", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	};
	static const uint8_t appendix_a[] = {3, 236, 255, 224, 193};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pk_buf out = scratch();

		pk_base64url_encode(&out, rows[i].bytes, strlen(rows[i].bytes));
		assert_text(pk_buf_str(&out), rows[i].text);
		out = scratch();
		pk_base64_encode(&out, rows[i].bytes, strlen(rows[i].bytes));
		assert_text(pk_buf_str(&out), rows[i].padded);
	}

	struct pk_buf out = scratch();

	pk_base64url_encode(&out, appendix_a, sizeof(appendix_a));
	assert_text(pk_buf_str(&out), "A-z_4ME");
	out = scratch();
	pk_base64url_encode(&out, appendix_b, sizeof(appendix_b));
	assert_text(pk_buf_str(&out), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	out = scratch();
	pk_base64_encode(&out, "s6BhdRkqt3:gX1fBat3bV", 21);
	assert_text(pk_buf_str(&out), "czZCaGRSa3F0MzpnWDFmQmF0M2JW");
	out = scratch();
	pk_hex_encode(&out, appendix_b, 4);
	assert_text(pk_buf_str(&out), "7418dfb4");
}

/* An encoder must not need room for a NUL that it does not write. */
static void encoders_fill_a_buffer_to_its_last_byte(void **state)
{
	char memory[44];

	(void)state;
	memory[43] = '!';
	for (size_t cap = 0; cap <= 43; cap++) {
		struct pk_buf out = pk_buf(memory, cap);

		pk_base64url_encode(&out, appendix_b, sizeof(appendix_b));
		assert_int_equal(out.overflow, cap < 43);
		assert_int_equal(out.len, cap < 43 ? 0 : 43);
	}
	assert_int_equal(memory[43], '!');
}

static void decoding_undoes_encoding(void **state)
{
	uint8_t bytes[100], back[100];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct pk_buf out = scratch();

		pk_base64url_encode(&out, bytes, n);
		assert_int_equal(out.len, PK_BASE64URL_LEN(n));
		assert_true(pk_base64url_decode(pk_buf_str(&out), back, n, &size));
		assert_int_equal(size, n);
		assert_memory_equal(back, bytes, n);
		assert_true(pk_base64url_secret(pk_buf_str(&out), back, n, &size));
		assert_int_equal(size, n);
		assert_memory_equal(back, bytes, n);
		if (n)
			assert_false(pk_base64url_decode(pk_buf_str(&out), back, n - 1, &size));
	}
}

static void assert_decoders_agree(struct pk_str text)
{
	uint8_t fast[8], slow[8];
	size_t fast_size = 77, slow_size = 77;
	const bool fast_ok = pk_base64url_decode(text, fast, sizeof(fast), &fast_size);
	const bool slow_ok = pk_base64url_secret(text, slow, sizeof(slow), &slow_size);

	assert_int_equal(fast_ok, slow_ok);
	if (!fast_ok) {
		assert_int_equal(fast_size, 77);
		return;
	}
	assert_int_equal(fast_size, slow_size);
	assert_memory_equal(fast, slow, fast_size);
}

/* Every text of one and two bytes, and every byte at each of the next four places. */
static void both_decoders_take_the_same_texts(void **state)
{
	char text[6] = "QUJDRE";

	(void)state;
	for (int a = 0; a < 256; a++) {
		text[0] = (char)a;
		assert_decoders_agree((struct pk_str){text, 1});
		for (int b = 0; b < 256; b++) {
			text[1] = (char)b;
			assert_decoders_agree((struct pk_str){text, 2});
		}
	}
	for (size_t len = 3; len <= sizeof(text); len++) {
		for (size_t at = 0; at < len; at++) {
			memcpy(text, "QUJDRE", sizeof(text));
			for (int c = 0; c < 256; c++) {
				text[at] = (char)c;
				assert_decoders_agree((struct pk_str){text, len});
			}
		}
	}
}

static void one_value_has_one_text(void **state)
{
	static const char *const refused[] = {"Zg==",    "Zh",   "Zm9=", "Zm9",  "Z",
					      "Zm9v Zg", "+/+/", "Zg\n", "Zm\0v"};
	uint8_t bytes[16];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(pk_base64url_decode(pk_str(refused[i]), bytes, sizeof(bytes), &size));
	assert_false(pk_base64url_decode(PK_STR("Zm\0v"), bytes, sizeof(bytes), &size));
	assert_true(pk_base64url_decode(pk_str(NULL), bytes, sizeof(bytes), &size));
	assert_int_equal(size, 0);
}

/* RFC 6749 Appendix B has + for the space; %20 is what every reader of a form takes as well. */
static void percent_encoding_has_the_published_vector(void **state)
{
	struct pk_buf out = scratch();

	(void)state;
	pk_percent_encode(&out, PK_STR(" %&+\xc2\xa3\xe2\x82\xac"));
	assert_text(pk_buf_str(&out), "%20%25%26%2B%C2%A3%E2%82%AC");
	out = scratch();
	pk_percent_encode(&out, PK_STR("AZaz09-._~"));
	assert_text(pk_buf_str(&out), "AZaz09-._~");
	out = scratch();
	assert_true(pk_form_decode(&out, PK_STR("+%25%26%2B%C2%A3%E2%82%AC")));
	assert_text(pk_buf_str(&out), " %&+\xc2\xa3\xe2\x82\xac");
}

static void form_decoding_undoes_percent_encoding(void **state)
{
	char all[255];
	struct pk_buf encoded = scratch();
	char memory[255];
	struct pk_buf decoded = pk_buf(memory, sizeof(memory));

	(void)state;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	pk_percent_encode(&encoded, (struct pk_str){all, sizeof(all)});
	assert_true(pk_form_decode(&decoded, pk_buf_str(&encoded)));
	assert_false(decoded.overflow);
	assert_int_equal(decoded.len, sizeof(all));
	assert_memory_equal(memory, all, sizeof(all));
}

static void broken_percent_signs_are_refused(void **state)
{
	static const char *const refused[] = {"%", "a%", "%4", "%4g", "%g4", "%%41", "%00", "a%2"};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct pk_buf out = scratch();

		assert_false(pk_form_decode(&out, pk_str(refused[i])));
	}

	struct pk_buf out = scratch();

	assert_true(pk_form_decode(&out, PK_STR("%2f%2F%252F")));
	assert_text(pk_buf_str(&out), "//%2F");
}

static void a_form_starts_where_it_is_told(void **state)
{
	struct pk_buf out = scratch();

	(void)state;
	pk_buf_put(&out, PK_STR("https://a/?"));

	const size_t start = out.len;

	pk_form_put(&out, start, PK_STR("a b"), PK_STR("&="));
	pk_form_put(&out, start, PK_STR("c"), PK_STR(""));
	assert_text(pk_buf_str(&out), "https://a/?a%20b=%26%3D&c=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64url_has_the_published_vectors),
		cmocka_unit_test(encoders_fill_a_buffer_to_its_last_byte),
		cmocka_unit_test(decoding_undoes_encoding),
		cmocka_unit_test(both_decoders_take_the_same_texts),
		cmocka_unit_test(one_value_has_one_text),
		cmocka_unit_test(percent_encoding_has_the_published_vector),
		cmocka_unit_test(form_decoding_undoes_percent_encoding),
		cmocka_unit_test(broken_percent_signs_are_refused),
		cmocka_unit_test(a_form_starts_where_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
