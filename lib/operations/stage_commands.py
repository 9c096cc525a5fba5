"""Commands that messages advise, with the options that name the stage as the user typed them."""

from dataclasses import dataclass

# The stage of `make local`.
LOCAL = "local"
# The environment variable with the state folder of the local stack that this shell uses.
STATE = "FANOUT_LOCAL"
# The environment variable with a bearer token of the upload API.
TOKEN = "FANOUT_TOKEN"  # noqa: S105  its name, not a token


@dataclass(frozen=True)
class StageCommands:
    """Commands for one stage; `region` is None if it need not be given."""

    stage: str
    region: str | None = None

    @property
    def options(self) -> str:
        """The options that name the stage, such as `--stage prod --region eu-west-1`."""
        return f"--stage {self.stage}{self._region}"

    @property
    def deploy(self) -> str:
        """Deploys the stage."""
        return "make local" if self.stage == LOCAL else f"npx sls deploy {self.options}"

    @property
    def deploy_again(self) -> str:
        """Deploys the stage as it is in the files."""
        return f"deploy the stage again: {self.deploy}"

    @property
    def deploy_and_repair(self) -> str:
        """Deploys the stage, then renders what was uploaded meanwhile."""
        repair = self.fanout("audit", "--repair")
        return f"{self.deploy_again}; then render what was missed: {repair}"

    def fanout(self, command: str, *more: str) -> str:
        """Returns a command of this program for the stage."""
        return " ".join(["./fanout", command, self.options, *more])

    def aws(self, command: str) -> str:
        """Returns a command of the AWS CLI in the stage's region."""
        return f"aws {command}{self._region}"

    @property
    def _region(self) -> str:
        # The local stack has one region, and commands know it.
        return f" --region {self.region}" if self.region and self.stage != LOCAL else ""
