"""Decision trees of every size from one tree, grown best split first: n leaves are its first 2n - 1 nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Tree:
    """A grown tree as arrays; its first ``2 * leaves - 1`` nodes are the best-first tree of that many leaves.

    Attributes
    ----------
    parent : ndarray of int, shape (nodes,)
        The root's parent is itself.
    model : object
        scikit-learn's tree, which finds the last node of a row.
    """

    parent: NDArray[np.int64]
    model: Any

    @property
    def leaves(self) -> int:
        """The number of leaves of the whole tree."""
        return (len(self.parent) + 1) // 2

    def last(self, X: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the node of the whole tree in which each row ends."""
        import numpy as np

        return np.asarray(self.model.apply(X), dtype=np.int64)

    def cut(self, nodes: NDArray[np.int64], leaves: int) -> NDArray[np.int64]:
        """Return for each node its leaf in the tree of at most so many leaves."""
        import numpy as np

        beyond = nodes > 2 * leaves - 2
        while beyond.any():
            nodes = np.where(beyond, self.parent[nodes], nodes)
            beyond = nodes > 2 * leaves - 2
        return nodes

    def values(
        self,
        nodes: NDArray[np.int64],
        Y: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
        penalty: float = 0.0,
    ) -> NDArray[np.float64]:
        """Return every node's value, shape (nodes, outputs): its rows' sum over (count + penalty).

        Parameters
        ----------
        nodes : ndarray of int, shape (rows,)
            The leaf of each training row in the tree wanted; the other nodes get 0.
        Y : ndarray, shape (rows, outputs)
        weights : ndarray, shape (rows,), optional
            How often each row counts.
        penalty : float
            0 gives the mean; boosting's lambda shrinks it.
        """
        import numpy as np

        counts = np.bincount(nodes, weights, minlength=len(self.parent)) + penalty
        order = np.argsort(nodes, kind="stable")
        used, starts = np.unique(nodes[order], return_index=True)
        weighted = Y if weights is None else Y * weights[:, None]
        values = np.zeros((len(self.parent), Y.shape[1]))
        values[used] = np.add.reduceat(weighted[order], starts) / np.maximum(counts[used], 1e-300)[:, None]
        return values


def grow(
    X: NDArray[np.float32],
    Y: NDArray[np.float64],
    leaves: int,
    seed: int,
    *,
    max_features: float | str | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Tree:
    """Grow one tree, best split first, to at most so many leaves.

    Parameters
    ----------
    X : ndarray of float32, shape (rows, features)
    Y : ndarray, shape (rows, outputs)
        Columns of `targets.Coding`; squared error on them is Gini's criterion for classes.
    leaves : int
    seed : int
    max_features : float, str or None
        Features tried per split, as in scikit-learn.
    weights : ndarray, shape (rows,), optional
        How often each row counts (a bootstrap sample).
    """
    import numpy as np
    from sklearn.tree import DecisionTreeRegressor

    fitted = DecisionTreeRegressor(
        max_leaf_nodes=max(leaves, 2), max_features=max_features, random_state=seed % 2**32
    ).fit(X, Y, sample_weight=weights, check_input=False)
    return Tree(_parents(fitted.tree_), fitted.tree_) if leaves > 1 else Tree(np.zeros(1, np.int64), _Root())


class _Root:
    """The tree of one leaf, which scikit-learn does not grow."""

    def apply(self, X: NDArray[np.float32]) -> NDArray[np.int64]:
        import numpy as np

        return np.zeros(len(X), dtype=np.int64)


def _parents(tree: Any) -> NDArray[np.int64]:
    """Return each node's parent; children always come after it, as they are made when it is split."""
    import numpy as np

    parent = np.zeros(tree.node_count, dtype=np.int64)
    inner = np.flatnonzero(tree.children_left >= 0)
    parent[tree.children_left[inner]] = inner
    parent[tree.children_right[inner]] = inner
    return parent


def parameters(leaves: int, trees: int, outputs: int) -> int:
    """Count the numbers a fit chose: per split a feature and a threshold, per leaf one value per output.

    `leaves` is the total over `trees` trees.
    """
    return 2 * (leaves - trees) + leaves * outputs
