"""What every group of parameters needs to know of the stage that it is for."""

from pydantic import BaseModel


class StageParameters(BaseModel):
    """A stage of the service."""

    service: str
    stage: str
    region: str

    @property
    def prefix(self) -> str:
        """What the names of everything in the stack begin with."""
        return f"{self.service}-{self.stage}"
