"""manage.py standby: the voice of last resort."""

import asyncio
import signal

from django.core.management.base import BaseCommand

from agentworker.standby import Standby
from veyra import stopping


class Command(BaseCommand):
    help = "Tells callers that nobody can answer, where nobody can. One works at a time."

    def handle(self, **options: object) -> None:
        asyncio.run(self.stand_by())

    async def stand_by(self) -> None:
        standby = Standby()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, standby.stop)
        stopping.attend("standby")
        self.stdout.write("The last resort is ready.")
        await standby.run()
