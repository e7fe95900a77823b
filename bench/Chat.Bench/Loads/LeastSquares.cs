namespace GrpcChat.Bench.Loads;

/// <summary>Fits y = a·u + b·v to samples by least squares.</summary>
internal sealed class LeastSquares
{
    private double uu, uv, vv, uy, vy;

    public void Add(double u, double v, double y)
    {
        uu += u * u;
        uv += u * v;
        vv += v * v;
        uy += u * y;
        vy += v * y;
    }

    /// <summary>NaN or infinite if u and v are proportional in all samples.</summary>
    public (double A, double B) Solve()
    {
        var determinant = (uu * vv) - (uv * uv);
        return (((uy * vv) - (vy * uv)) / determinant, ((vy * uu) - (uy * uv)) / determinant);
    }
}
