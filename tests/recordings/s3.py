"""A storage that speaks S3, on this machine, with logins and rights as a real one has them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import requests
from moto.server import ThreadedMotoServer

from recordings.models import Storage
from recordings.s3_store import _client

BUCKET = "sound"
ALL = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:ListBucketVersions")


class S3:
    """The server, its bucket, and logins with the rights that a test wants."""

    def __init__(self) -> None:
        self._port = 0
        self.start()

    def start(self) -> None:
        """Where it was before, with all that it held."""
        self._server = ThreadedMotoServer("127.0.0.1", self._port, verbose=False)
        self._server.start()
        host, self._port = self._server.get_host_and_port()
        self.address = f"http://{host}:{self._port}"

    def stop(self) -> None:
        self._server.stop()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id="root",
            aws_secret_access_key="root",
        )

    def make(self) -> None:
        """An empty world with the bucket in it, where nobody is asked for a login."""
        self.ask_logins(10**9)
        requests.post(f"{self.address}/moto-api/reset", timeout=5)
        self.client("s3").create_bucket(Bucket=BUCKET)

    def ask_logins(self, after: int = 0) -> None:
        """From the request after so many on, a login needs its rights."""
        address = f"{self.address}/moto-api/reset-auth"
        requests.post(address, data=str(after).encode(), timeout=5)

    def login(self, *actions: str) -> dict[str, str]:
        """A key that may do this and nothing else; from then on keys are looked at."""
        iam = self.client("iam")
        iam.create_user(UserName="veyra")
        rights = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]
        document = json.dumps({"Version": "2012-10-17", "Statement": rights})
        iam.put_user_policy(UserName="veyra", PolicyName="sound", PolicyDocument=document)
        key = iam.create_access_key(UserName="veyra")["AccessKey"]
        self.ask_logins()
        return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}

    def storage(self, **fields: Any) -> Storage:
        """Not saved."""
        values = {"access_key": "root", "secret_key": "root", "bucket": BUCKET, **fields}
        return Storage(kind=Storage.Kind.S3, endpoint=self.address, **values)


@contextmanager
def server() -> Iterator[S3]:
    s3 = S3()
    try:
        yield s3
    finally:
        s3.stop()
        _client.cache_clear()
