"""Posts a video for somebody who signed in with TikTok: post.py SUBJECT VIDEO_URL TITLE. The gateway's broker has the token."""
import http.client, json, os, socket, sys, urllib.parse, urllib.request

SOCKET = os.environ.get("PROOFKEY_BROKER", "/run/proofkey/broker.sock")
SECRET = open(os.environ.get("PROOFKEY_KEY_FILE", "poster.key")).read().strip()
API = os.environ.get("TIKTOK_API", "https://open.tiktokapis.com")


def token(subject):
    broker = http.client.HTTPConnection("localhost")
    broker.sock = socket.socket(socket.AF_UNIX)
    broker.sock.connect(SOCKET)
    path = "/v1/grants/tiktok/" + urllib.parse.quote(subject, safe="") + "/token"
    broker.request("GET", path, headers={"Authorization": "Bearer " + SECRET})
    answer = broker.getresponse()
    said = json.load(answer)
    if answer.status != 200:  # the person has to sign in again, or it is a matter of time: it says which
        sys.exit(f"{said.get('fault', said['error'])}: {said['detail']} {said['fix']}")
    return said["access_token"]


subject, video, title = sys.argv[1:]
post = {"post_info": {"title": title, "privacy_level": "SELF_ONLY"}, "source_info": {"source": "PULL_FROM_URL", "video_url": video}}
request = urllib.request.Request(API + "/v2/post/publish/video/init/", json.dumps(post).encode(), {
    "Authorization": "Bearer " + token(subject), "Content-Type": "application/json; charset=UTF-8"})
print(json.load(urllib.request.urlopen(request))["data"]["publish_id"])
