"""Lightning: a Trainer over a linear model, its updates recorded as its optimizer steps."""

from importlib.metadata import version
from types import SimpleNamespace

from tests.exports.case import Case, Update, main, run_text


def drive(case: Case) -> list[Update]:
    """Fit with the exported callback, epochs and scheduler."""
    import lightning.pytorch as pl
    import torch

    names = run_text(case.text)
    seen = SimpleNamespace(samples=0, updates=[])

    class Model(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch):
            seen.samples += len(batch)
            return self.layer(batch).square().mean()

        def on_before_optimizer_step(self, optimizer):
            start = sum(size for _, size, _ in seen.updates)
            lr = optimizer.param_groups[0]["lr"]
            seen.updates.append((start, seen.samples - start, lr))

        def configure_optimizers(self):
            optimizer = names["make_optimizer"](self.parameters())
            scheduler = {"scheduler": names["lr_scheduler"](optimizer), "interval": "epoch"}
            return {"optimizer": optimizer, "lr_scheduler": scheduler}

    loader = torch.utils.data.DataLoader(torch.ones(case.num_samples, 2), names["batch_size"])
    trainer = pl.Trainer(
        accelerator="cpu",
        callbacks=[names["accumulation"]],
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        logger=False,
        max_epochs=names["max_epochs"],
    )
    trainer.fit(Model(), loader)
    return seen.updates


if __name__ == "__main__":
    main(drive, lambda: f"lightning {version('lightning')}")
