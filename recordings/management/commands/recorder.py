"""manage.py recorder: our own recorder."""

import asyncio
import signal

from django.conf import settings
from django.core.management.base import BaseCommand

from agentworker.taping.parts import folder
from agentworker.uploading import Uploader, Uploading
from recordings.recorder import RoomRecorder
from veyra import stopping


class Command(BaseCommand):
    help = "Records rooms that nobody records, and takes the sound to the web. Several may run."

    def handle(self, **options: object) -> None:
        uploading = Uploading(Uploader(folder(), settings.INTERNAL_URL))
        uploading.start()
        try:
            asyncio.run(self.record())
        finally:
            uploading.stop()

    async def record(self) -> None:
        recorder = RoomRecorder()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, recorder.stop)
        stopping.attend("recorder")
        self.stdout.write("The recorder is ready.")
        await recorder.run()
